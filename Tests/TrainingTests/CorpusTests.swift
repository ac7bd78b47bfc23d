import Foundation
import TestSupport
import Testing
import Tokenization
import Training

@Suite struct CorpusTests {
  @Test func partsAreTheTextCutBehindALine() throws {
    let bytes = patternedText(200_000)
    let text = try SourceText(bytes)
    #expect(text.training + text.validation == bytes)
    #expect(text.training.last == 0x0A)
    // 5 % of the text, up to the end of a line.
    #expect(abs(text.validation.count - 10_000) < 100)
  }

  @Test func validationStaysBetweenItsBounds() throws {
    #expect(try SourceText(patternedText(40_000)).validation.count > 4_000)
    #expect(try SourceText(patternedText(8_000)).validation.count <= 2_000)
  }

  @Test func aCutInALongLineFallsBetweenCharacters() throws {
    for length in 997...1_003 {
      let bytes = Array(String(repeating: "€", count: length).utf8)
      let text = try SourceText(bytes)
      #expect(String(validating: text.training, as: UTF8.self) != nil)
      #expect(String(validating: text.validation, as: UTF8.self) != nil)
      #expect(text.training + text.validation == bytes)
    }
  }

  @Test func byteOrderMarkAndCarriageReturnsGo() throws {
    let text = try SourceText([0xEF, 0xBB, 0xBF] + Array("a\r\nb\rc\r\n".utf8))
    #expect(String(decoding: text.training + text.validation, as: UTF8.self) == "a\nb\rc\n")
  }

  @Test(
    arguments: [
      [], [0x20, 0x0A, 0x09], [0xEF, 0xBB, 0xBF], [0xFF, 0xFE, 0x61, 0x00],
      [0xFE, 0xFF, 0x00, 0x61],
    ] as [[UInt8]])
  func textsWithoutWordsAreRefused(_ bytes: [UInt8]) {
    #expect(throws: InputError.self) { try SourceText(bytes) }
  }

  @Test(
    arguments: [
      [0xFF, 0x61], [0xC3], [0x00], Array("\u{0}a\u{0}".utf8), [0xED, 0xA0, 0x80],
      Array(repeating: 0x80, count: 5_000), Array("e\u{301}".utf8),
    ] as [[UInt8]])
  func strangeBytesAreKept(_ unit: [UInt8]) throws {
    let bytes = Array(repeatElement(unit, count: 300).joined())
    for vocabulary in [256, 300] {
      let corpus = try Corpus(SourceText(bytes), vocabulary: vocabulary)
      let tokens = corpus.training.tokens + corpus.validation.tokens
      #expect(corpus.tokenizer.decodeBytes(tokens) == bytes)
      #expect(corpus.prompts(3).count == 3)
    }
  }

  @Test func invalidTextIsSaid() throws {
    let corpus = try Corpus(SourceText([0x61, 0xFF, 0x62, 0x63, 0x64]), vocabulary: 256)
    #expect(corpus.notices.count == 1)
    #expect(try byteCorpus().notices.isEmpty)
  }

  @Test func filesThatCannotBeReadAreNamed() throws {
    try withTemporaryFolder { folder in
      for path in [folder, folder + "/missing.txt"] {
        let error = #expect(throws: InputError.self) { try SourceText(file: path) }
        #expect(error?.description.contains(path) == true)
      }
      try Data().write(to: URL(filePath: folder + "/empty.txt"))
      #expect(throws: InputError.self) { try SourceText(file: folder + "/empty.txt") }
    }
  }

  @Test func tokensOfPiecesAreThoseOfTheWhole() throws {
    let paragraphs = "one two\n\n  three\nfour \n five\n\tsix\n7 8\n'll go\n\n\nend\nlast"
    let text = Array(String(repeating: paragraphs, count: 60).utf8)
    let tokenizer = try BytePairTokenizer.train(on: text, vocabularySize: 300)
    let whole = tokenizer.encode(bytes: text)
    for length in [1, 2, 7, 64, 1_000] {
      #expect(TokenStream(text, tokenizer: tokenizer, pieceLength: length).tokens == whole)
    }
  }

  @Test func promptsBeginLinesOfTheValidationPart() throws {
    let corpus = try byteCorpus()
    let prompts = corpus.prompts(3)
    #expect(prompts.allSatisfy { $0.hasPrefix("the ") && $0.split(separator: " ").count == 6 })
  }
}
