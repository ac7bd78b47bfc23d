import Testing
import Tokenization

@Suite struct ByteTokenizerTests {
  @Test func everyByteIsItsOwnToken() {
    let bytes = Array(UInt8.min...UInt8.max)
    let tokenizer = ByteTokenizer()
    #expect(tokenizer.encode(bytes: bytes) == Array(0..<256))
    #expect(tokenizer.decodeBytes(Array(0..<256)) == bytes)
    #expect(tokenizer.vocabularySize == 256)
  }

  @Test func idsOutsideTheVocabularyStandForNothing() {
    #expect(ByteTokenizer().decodeBytes([-1, 65, 256, .max, .min]) == [65])
  }
}
