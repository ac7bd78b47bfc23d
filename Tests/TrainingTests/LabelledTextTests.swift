import Foundation
import Testing

@testable import Training

@Suite struct LabelledTextTests {
  /// Numbered lines with alternating labels.
  private func lines(_ count: Int, labels: [String] = ["cat", "dog"]) -> [UInt8] {
    Array(
      (0..<count).map { "\(labels[$0 % labels.count])\tsays \($0)\n" }.joined().utf8)
  }

  @Test func labelsAndTextsArePartedAtTheFirstTab() throws {
    let text = try LabelledText(
      [0xEF, 0xBB, 0xBF] + Array("zebra\tone\ttwo\r\n\n  \n".utf8) + lines(49)
        + Array("a b\tx".utf8))
    #expect(text.labels == ["a b", "cat", "dog", "zebra"].map { Array($0.utf8) })
    #expect(text.examples.count == 51)
    #expect(text.examples[0].text == Array("one\ttwo".utf8) && text.examples[0].label == 3)
    #expect(text.examples[2].text == Array("says 1".utf8) && text.examples[2].label == 2)
    #expect(text.examples[50].text == [0x78] && text.examples[50].label == 0)
  }

  @Test(arguments: [
    (["no tab"], "Line 51"), (["\tno label"], "Line 51"), ([" \tno label"], "Line 51"),
    (["", "no text\t"], "Line 52"), (["no text\t "], "Line 51"),
  ])
  func aLineWithoutLabelOrTextIsNamed(_ last: [String], _ place: String) {
    let error = #expect(throws: InputError.self) {
      try LabelledText(
        self.lines(50) + Array((last.joined(separator: "\n") + "\n").utf8), name: "file.tsv")
    }
    #expect(error?.description.contains("\(place) of file.tsv is not a label") == true)
  }

  @Test func tooFewLinesOrLabelsAreRefused() {
    func message(_ bytes: [UInt8]) -> String {
      let error = #expect(throws: InputError.self) { try LabelledText(bytes, name: "file.tsv") }
      return error?.description ?? ""
    }
    #expect(message(lines(49)).contains("has 49 lines"))
    #expect(message(lines(60, labels: ["cat"])).contains("same label"))
    #expect(message([]).contains("holds no text"))
    #expect(message([0xFF, 0xFE] + lines(50)).contains("UTF-16"))
    #expect(throws: InputError.self) { try LabelledText(file: "/nowhere.tsv") }
    #expect(throws: InputError.self) { try LabelledText(file: NSTemporaryDirectory()) }
  }
}
