import Foundation
import Testing

@testable import Training

@Suite struct LabelColumnsTests {
  private func examples(
    _ head: String, _ line: (Int) -> String, name: String, columns: String? = nil,
    kind: LabelledText.Kind = .classes
  ) throws -> LabelledText {
    let text = head + (0..<50).map { line($0) + "\n" }.joined()
    return try LabelledText(
      Array(text.utf8), name: name,
      columns: columns.map { try LabelColumns($0) } ?? LabelColumns(), kind: kind)
  }

  private func message(_ body: () throws -> LabelledText) -> String {
    #expect(throws: InputError.self) { try body() }?.description ?? ""
  }

  @Test func aHeaderOfUsualNamesIsNoExample() throws {
    let text = try examples(
      "label\ttext\n", { "\($0 % 2 == 0 ? "pos" : "neg")\tthe text \($0)" }, name: "a.tsv")
    #expect(text.labelNames == ["neg", "pos"] && text.examples.count == 50)
    #expect(text.examples[0].text == Array("the text 0".utf8) && text.examples[0].label == 1)
    #expect(text.examples[0].line == 2)
    #expect(text.notices.count == 1 && text.notices[0].contains("text, label"))
  }

  @Test func anUnknownHeaderIsAskedAbout() throws {
    let text = try examples(
      "stars\twords\n", { "\($0 % 2)\tthe text \($0)" }, name: "a.tsv")
    #expect(text.examples.count == 51)
    #expect(text.notices.count == 1 && text.notices[0].contains("'stars'"))
    let named = try examples(
      "stars\twords\n", { "\($0 % 2)\tthe text \($0)" }, name: "a.tsv",
      columns: "text=words,label=stars")
    #expect(named.examples.count == 50 && named.notices.isEmpty)
    #expect(
      message {
        try examples("stars\twords\n", { "\($0)\tx" }, name: "a.tsv", columns: "text=w,label=stars")
      }.contains("no column 'w'. Its columns are stars, words"))
  }

  @Test func quotesAreThoseOfRFC4180() throws {
    let text = try examples(
      "sentence1,sentence2,gold\n\"one, \"\"two\"\"\nthree\",\"\"\"\",yes\r\n",
      {
        "plain \($0),other,\"\($0 % 2 == 0 ? "yes" : "no")\""
      }, name: "a.csv")
    #expect(text.examples.count == 51)
    #expect(text.examples[0].text == Array("one, \"two\"\nthree".utf8))
    #expect(text.examples[0].pair == Array("\"".utf8))
    // The quoted line end counts.
    #expect(text.examples[1].line == 4 && text.labelNames == ["no", "yes"])
  }

  @Test func faultsNameTheirLines() {
    func csv(_ line: String) -> String {
      message { try examples("text,label\n" + line + "\n", { "t,\($0 % 2)" }, name: "a.csv") }
    }
    #expect(csv("\"a\"b,1").contains("Line 2 of a.csv: text follows the quote"))
    #expect(csv("\"a,1").contains("Line 2 of a.csv: the quote"))
    #expect(csv("a").contains("Line 2 of a.csv has 1 columns"))
    #expect(csv("a, ").contains("Line 2 of a.csv has nothing in column 2"))
    #expect(
      message { try examples("{\"text\": 1,", { "\($0)" }, name: "a.jsonl") }
        .contains("Line 1 of a.jsonl is not an object"))
    #expect(
      message {
        try examples(
          "{\"text\": \"a\"}\n", { _ in "{\"text\": \"a\", \"label\": 1}" }, name: "a.jsonl")
      }.contains("which members are text and label"))
    #expect(
      message {
        try examples(
          "{\"text\": \"a\", \"label\": 0}\n", { _ in "{\"text\": \"a\"}" }, name: "a.jsonl")
      }.contains("Line 2 of a.jsonl has no text or number as 'label'"))
    #expect(throws: InputError.self) { try LabelColumns("text") }
    #expect(throws: InputError.self) { try LabelColumns("text=a,gold=b") }
    #expect(throws: InputError.self) { try LabelColumns("text=a") }
  }

  @Test func tabsKeepQuotesThatAreText() throws {
    let text = try examples(
      "text\tlabel\n\"He\" said\t0\n\"all of it\"\t0\n\"open\t1\n\"two\nlines\"\t1\n",
      {
        "t\t\($0 % 2)"
      }, name: "a.tsv")
    let texts = text.examples.prefix(4).map { String(decoding: $0.text, as: UTF8.self) }
    #expect(texts == ["\"He\" said", "all of it", "\"open", "two\nlines"])
  }

  @Test func jsonLinesHaveNumbersOrNamesForLabels() throws {
    let text = try examples(
      "", { "{\"premise\": \"p\($0)\", \"hypothesis\": \"h\", \"label\": \($0 % 3)}" },
      name: "a.jsonl")
    #expect(text.labelNames == ["0", "1", "2"] && text.examples[4].label == 1)
    #expect(text.examples[4].pair == [UInt8(ascii: "h")])
  }

  @Test func wholeNumbersAreInTheirOrder() throws {
    let text = try examples("", { "\($0 % 11 + 1)\tx" }, name: "a.tsv")
    #expect(text.labelNames == (1...11).map { "\($0)" })
  }

  @Test func numbersAreLearntWhenSaid() throws {
    let line = { (index: Int) in "\(Double(index) / 8)\tx" }
    let text = try examples("", line, name: "a.tsv", kind: .numbers)
    #expect(text.labels.isEmpty && text.examples[3].value == 0.375)
    #expect(message { try examples("", line, name: "a.tsv") }.contains("--regression"))
    #expect(
      message { try examples("far\tx\n", line, name: "a.tsv", kind: .numbers) }
        .contains("Line 1 of a.tsv: 'far' is not a number"))
  }

  @Test func labelsThatAreNotKnownAreNamed() throws {
    let known = ["no", "yes"].map { Array($0.utf8) }
    let text = try LabelledText(
      Array("yes\ta\n1\tb\n0\tc\n".utf8), name: "v.tsv", kind: .knownClasses(known, of: "t.tsv"))
    #expect(text.examples.map(\.label) == [1, 1, 0])
    let error = message {
      try LabelledText(
        Array("yes\ta\nperhaps\tb\n".utf8), name: "v.tsv", kind: .knownClasses(known, of: "t.tsv"))
    }
    #expect(error.contains("Line 2 of v.tsv: t.tsv knows no label 'perhaps'. It knows no, yes."))
  }
}
