import Foundation
import Testing

@testable import Tokenization

@Suite struct BytePairTrainingTests {
  let special = ["<|endoftext|>", "<|user|>"]

  @Test(arguments: [
    ("gpt2.json", PreTokenization.gpt2), ("digits.json", .gpt2WithSingleDigits),
  ])
  func trainingFindsTheTokensAndMergesOfTheTokenizersPackage(
    name: String, preTokenization: PreTokenization
  ) throws {
    let trained = try BytePairTokenizer.train(
      on: fixtureBytes("training.txt"), vocabularySize: 900, specialTokens: special,
      preTokenization: preTokenization)
    let reference = try BytePairTokenizer(contentsOf: fixtures.appending(component: name))
    #expect(reference.model.merges.count == 900 - 258)
    #expect(trained.model.merges == reference.model.merges)
    #expect(trained == reference)
  }

  @Test func anEmptyTextGivesTheBytes() throws {
    let tokenizer = try BytePairTokenizer.train(on: [], vocabularySize: 1000)
    #expect(tokenizer.vocabularySize == 256)
    #expect(tokenizer.encodesEveryByte)
    #expect(tokenizer.decodeBytes(tokenizer.encode(bytes: [0, 255, 65])) == [0, 255, 65])
  }

  @Test func aPairBelowTheMinimumCountIsNotMerged() throws {
    let text = Array("abc abc xyz".utf8)
    let twice = try BytePairTokenizer.train(on: text, vocabularySize: 300)
    // " abc" and "abc" share bc or ab, seen twice; nothing else is.
    #expect(twice.model.merges.count == 2)
    let once = try BytePairTokenizer.train(on: text, vocabularySize: 300, minimumPairCount: 1)
    #expect(once.encode(" xyz").count == 1)
  }

  @Test func noMergeSpellsASpecialToken() throws {
    let text = Array(String(repeating: "the cat ", count: 50).utf8)
    let tokenizer = try BytePairTokenizer.train(
      on: text, vocabularySize: 400, specialTokens: ["cat"])
    #expect(!tokenizer.encode("cat cat").contains(0))
    #expect(tokenizer.encodeRecognizingSpecialTokens("cat") == [0])
  }

  @Test func impossibleVocabulariesAreErrors() {
    func code(_ size: Int, _ special: [String]) -> TokenizerError.Code? {
      do {
        _ = try BytePairTokenizer.train(on: [], vocabularySize: size, specialTokens: special)
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code(256, []) == nil)
    #expect(code(255, []) == .invalidValue)
    #expect(code(256, ["<s>"]) == .invalidValue)
    #expect(code(.max, []) == .invalidValue)
    #expect(code(.min, []) == .invalidValue)
    #expect(code(300, ["<s>", "<s>"]) == .duplicate)
    #expect(code(300, [""]) == .invalidValue)
  }
}
