import Foundation
import Testing

@testable import Tokenization

@Suite struct PreTokenizationTests {
  private func words(_ text: String, _ rule: PreTokenization = .gpt2) -> [String] {
    let bytes = Array(text.utf8)
    var words: [String] = []
    rule.forEachWord(in: bytes.span, 0..<bytes.count) {
      words.append(String(decoding: bytes[$0], as: UTF8.self))
    }
    return words
  }

  @Test func whiteSpaceGivesItsLastCharacterToTheNextWord() {
    #expect(words("a   b \n c  ") == ["a", "  ", " b", " \n", " c", "  "])
    #expect(words("a\n\nb\tc") == ["a", "\n", "\n", "b", "\t", "c"])
  }

  @Test func contractionsSplitOnlyAtTheStartOfAWord() {
    #expect(words("it's 's we'll '") == ["it", "'s", " '", "s", " we", "'ll", " '"])
  }

  @Test func singleDigitsAreWordsOfTheirOwn() {
    #expect(
      words("Hello world 123", .gpt2WithSingleDigits) == ["Hello", " world", " ", "1", "2", "3"])
    #expect(words("Hello world 123") == ["Hello", " world", " 123"])
  }

  /// The reference and the standard library may follow different versions of Unicode: only scalars that
  /// one of them does not know may differ.
  @Test func everyScalarHasTheClassOfTheReferenceOrIsOfALaterUnicode() throws {
    struct Run: Decodable {
      var range: ClosedRange<UInt32>
      var kind: CharacterClass

      init(from decoder: any Decoder) throws {
        var row = try decoder.unkeyedContainer()
        range = try row.decode(UInt32.self)...row.decode(UInt32.self)
        kind =
          switch try row.decode(String.self) {
          case "letter": .letter
          case "number": .number
          default: .space
          }
      }
    }
    var expected = [CharacterClass](repeating: .other, count: 0x110000)
    let bytes = try fixtureBytes("character_classes.json")
    for run in try JSONDecoder().decode([Run].self, from: Data(bytes)) {
      for value in run.range { expected[Int(value)] = run.kind }
    }
    for value in UInt32(0)..<0x110000 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      if value < 0x80 { #expect(CharacterClass(ascii: UInt8(value)) == CharacterClass(scalar)) }
      if CharacterClass(scalar) == expected[Int(value)] { continue }
      // The reference follows Unicode 16.
      let age = scalar.properties.age
      #expect(age == nil || age!.major > 16, "U+\(String(value, radix: 16))")
    }
  }
}
