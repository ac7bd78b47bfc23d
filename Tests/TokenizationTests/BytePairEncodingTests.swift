import Foundation
import Testing

@testable import Tokenization

@Suite struct BytePairEncodingTests {
  let tokenizer: BytePairTokenizer
  let digits: BytePairTokenizer

  init() throws {
    tokenizer = try BytePairTokenizer(contentsOf: fixtures.appending(component: "gpt2.json"))
    digits = try BytePairTokenizer(contentsOf: fixtures.appending(component: "digits.json"))
  }

  @Test func idsAreThoseOfTheTokenizersPackage() throws {
    let cases = try GoldenCase.all()
    #expect(cases.count > 60)
    for golden in cases {
      #expect(tokenizer.encode(golden.text) == golden.gpt2)
      #expect(digits.encode(golden.text) == golden.digits)
      #expect(tokenizer.encodeRecognizingSpecialTokens(golden.text) == golden.gpt2Recognized)
      #expect(digits.encodeRecognizingSpecialTokens(golden.text) == golden.digitsRecognized)
      #expect(tokenizer.decode(golden.gpt2) == golden.text)
      #expect(tokenizer.decode(golden.gpt2Recognized) == golden.text)
    }
  }

  @Test func specialTokensInTextAreText() {
    let marker = "<|endoftext|>"
    let id = tokenizer.specialTokens[marker]
    #expect(id == 0)
    #expect(!tokenizer.encode("a\(marker)b").contains(0))
    #expect(tokenizer.encodeRecognizingSpecialTokens("a\(marker)b").contains(0))
  }

  @Test(arguments: 0..<200)
  func decodingInvertsEncodingForAnyBytes(seed: Int) {
    var generator = SeededGenerator(state: UInt64(seed))
    let alphabet: [UInt8] =
      seed % 2 == 0
      ? Array(UInt8.min...UInt8.max)
      : Array("the and 'sll  \n\r\t01é中".utf8) + [0xFF, 0x80, 0xC3, 0xE4, 0xF0, 0]
    let count = Int.random(in: 0...2000, using: &generator)
    let bytes = (0..<count).map { _ in alphabet.randomElement(using: &generator)! }
    let ids = tokenizer.encode(bytes: bytes)
    #expect(tokenizer.decodeBytes(ids) == bytes)
    #expect(ids.allSatisfy { 0 <= $0 && $0 < tokenizer.vocabularySize })
    #expect(digits.decodeBytes(digits.encode(bytes: bytes)) == bytes)
  }

  @Test func scanningAndQueueingMergeAlike() throws {
    guard case .bytes(let byteIDs) = tokenizer.model.units else {
      Issue.record("expected a model of bytes")
      return
    }
    var generator = SeededGenerator(state: 7)
    let prose = Array("thethatheandtheearthaaaaaabababinginging".utf8)
    for _ in 0..<500 {
      let count = Int.random(in: 0...100, using: &generator)
      let symbols = (0..<count).map { _ in
        byteIDs[Int(prose.randomElement(using: &generator)!)]
      }
      var scanned = Merging()
      var queued = Merging()
      scanned.start(with: symbols)
      queued.start(with: symbols)
      tokenizer.model.mergeByScanning(&scanned)
      tokenizer.model.mergeByQueueing(&queued)
      #expect(scanned.symbols == queued.symbols)
    }
  }

  @Test func aWordOfAMegabyteIsEncodedInTimeNearlyLinear() {
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
    #expect(tokenizer.decodeBytes(tokenizer.encode(bytes: bytes)) == bytes)
  }

  @Test func idsOutsideTheVocabularyStandForNothing() {
    let ids: [Int32] = [.min, -1, Int32(tokenizer.vocabularySize), .max]
    #expect(tokenizer.decodeBytes(ids + tokenizer.encode("x") + ids) == Array("x".utf8))
  }
}
