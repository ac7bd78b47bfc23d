import Foundation
import JSON
import Testing

@testable import Tokenization

@Suite struct PipelinePartTests {
  @Test func normalizersGiveTheTextsOfTheReference() throws {
    let cases = try PipelineFixture.json("normalizers.json").arrayValue ?? []
    #expect(cases.count == 18)
    for golden in cases {
      let settings = try #require(golden["normalizer"])
      let normalizer = try Normalizer(FileField(settings, path: "normalizer", file: "t"))
      let expected = golden["texts"]?.arrayValue ?? []
      for (text, expected) in zip(PipelineFixture.texts, expected) {
        let normalized = String(decoding: normalizer.normalized(Array(text.utf8)), as: UTF8.self)
        #expect(
          normalized.unicodeScalars.elementsEqual(expected.stringValue!.unicodeScalars),
          "\(settings.text().prefix(100)): \(text.debugDescription): \(normalized.debugDescription)"
        )
      }
    }
  }

  @Test func preTokenizersCutTextsAsTheReference() throws {
    let cases = try PipelineFixture.json("pre_tokenizers.json").arrayValue ?? []
    #expect(cases.count == 37)
    for golden in cases {
      let settings = try #require(golden["pre_tokenizer"])
      let preTokenizer = try PreTokenizer(FileField(settings, path: "pre_tokenizer", file: "t"))
      let expected = golden["words"]?.arrayValue ?? []
      for (text, expected) in zip(PipelineFixture.texts, expected) {
        let bytes = Array(text.utf8)
        let piece = Pieces.Piece(range: 0..<bytes.count, isFirst: true)
        var pieces = Pieces(bytes, bytes.isEmpty ? [] : [piece])
        preTokenizer.apply(to: &pieces, keepsBytes: false)
        let words = pieces.pieces.map { String(decoding: pieces.bytes[$0.range], as: UTF8.self) }
        #expect(
          words == expected.arrayValue?.map { $0.stringValue! },
          "\(settings.text()): \(text.debugDescription)")
      }
    }
  }

  /// The scanners and the regular expressions give the same words.
  @Test(arguments: WordPattern.allCases)
  func scannersCutAsTheirExpressions(pattern: WordPattern) throws {
    var generator = SeededGenerator(state: 3)
    let alphabet: [Unicode.Scalar] = Array(
      "ab AB  \n\r\t'sS'll'RE12٣/!._Ǆǅʰ中é\u{301}\u{A0}\u{3000}\u{2028}ſ½Ⅷ😀\u{200D}".unicodeScalars)
    let expressions = try pattern.spellings.map { try RegularExpression($0) }
    for _ in 0..<3000 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 1...12, using: &generator) {
        text.append(alphabet.randomElement(using: &generator)!)
      }
      let bytes = Array(String(text).utf8)
      var words: [Range<Int>] = []
      pattern.cut(bytes.span, 0..<bytes.count, into: &words)
      for expression in expressions {
        #expect(
          expression.matches(in: bytes, 0..<bytes.count) == words,
          "\(String(text).debugDescription)")
      }
    }
  }

  @Test func expressionsThatAreNotSupportedSaySo() {
    for pattern in [
      "(", ")", "a**b(", "[a", "[]", "*", "a{2,1}", "a{1001}", "\\p{Han}", "(?<=a)b", "\\1",
      "(?<n>a)",
      "[[:alpha:]]", "[a&&b]", "\\", "\\x{zz}", "((a{1000}){1000})", "[b-a]", "\\p{L", "$*",
      String(repeating: "(", count: 500) + String(repeating: ")", count: 500),
    ] {
      #expect(throws: RegularExpression.Failure.self, "\(pattern)") {
        try RegularExpression(pattern)
      }
    }
  }

  @Test func anExpressionWithManyWaysToFailEnds() throws {
    let expression = try RegularExpression("(a*)*(a|a)*(?:a+)+b")
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 60)
    #expect(expression.matches(in: bytes, 0..<60).isEmpty)
    #expect(try RegularExpression("(?:a*)*").matches(in: bytes, 0..<60).first == 0..<60)
  }
}
