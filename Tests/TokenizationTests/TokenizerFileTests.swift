import Foundation
import Testing

@testable import Tokenization

@Suite struct TokenizerFileTests {
  private func failure(_ json: some Sequence<UInt8>) -> TokenizerError? {
    do {
      _ = try BytePairTokenizer(json: Array(json), file: "t.json")
      return nil
    } catch {
      return error
    }
  }

  /// A small file, with parts of its text replaced.
  private func file(
    _ replaced: String = "", by replacement: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) -> [UInt8] {
    let text = """
      {"version": "1.0", "truncation": null,
       "added_tokens": [{"id": 3, "content": "<s>", "special": true, "lstrip": false}],
       "normalizer": null,
       "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
       "post_processor": null,
       "decoder": {"type": "ByteLevel"},
       "model": {"type": "BPE", "dropout": null, "unk_token": null, "byte_fallback": false,
        "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}
      """
    if !replaced.isEmpty {
      #expect(text.contains(replaced), sourceLocation: sourceLocation)
    }
    return Array(text.replacingOccurrences(of: replaced, with: replacement).utf8)
  }

  @Test func aSmallFileIsRead() throws {
    let tokenizer = try BytePairTokenizer(json: file(), file: "t.json")
    #expect(tokenizer.vocabularySize == 4)
    #expect(tokenizer.specialTokens == ["<s>": 3])
    #expect(!tokenizer.encodesEveryByte)
    #expect(tokenizer.encode("abxba") == [2, 1, 0])
    #expect(tokenizer.encodeRecognizingSpecialTokens("ab<s>b") == [2, 3, 1])
    let pairs = file("[\"a b\"]", by: "[[\"a\", \"b\"]]")
    #expect(try BytePairTokenizer(json: pairs, file: "t.json") == tokenizer)
  }

  @Test func ofAPairListedTwiceTheLaterRankHolds() throws {
    let vocabulary = file("\"ab\": 2", by: "\"ab\": 2, \"bb\": 4")
    let text = String(decoding: vocabulary, as: UTF8.self)
      .replacingOccurrences(of: "[\"a b\"]", with: "[\"a b\", \"b b\", \"a b\"]")
    // As `tokenizers` 0.21.4 encodes it.
    #expect(try BytePairTokenizer(json: Array(text.utf8), file: "t.json").encode("abb") == [0, 4])
  }

  @Test func aByteWithoutATokenBecomesTheUnknownToken() throws {
    let json = file("\"unk_token\": null", by: "\"unk_token\": \"b\"")
    let tokenizer = try BytePairTokenizer(json: json, file: "t.json")
    #expect(tokenizer.encode("bxxb") == [1, 1, 1, 1])
  }

  @Test func addedTokensThatAreNotSpecialAreAlwaysMatchedLongestFirst() throws {
    let json = file(
      "[{\"id\": 3,",
      by: """
        [{"id": 4, "content": "ba", "special": false}, {"id": 5, "content": "bab"}, {"id": 3,
        """)
    let tokenizer = try BytePairTokenizer(json: json, file: "t.json")
    #expect(tokenizer.encode("abab<s>ba") == [0, 5, 4])
    #expect(tokenizer.encodeRecognizingSpecialTokens("abab<s>ba") == [0, 5, 3, 4])
  }

  @Test func savedFilesReadBackEqual() throws {
    let trained = try BytePairTokenizer.train(
      on: fixtureBytes("training.txt"), vocabularySize: 600,
      specialTokens: ["<|endoftext|>", "\"\\ \n\u{1}é中\u{1F600}"])
    let digits = try BytePairTokenizer.train(
      on: fixtureBytes("training.txt"), vocabularySize: 300, preTokenization: .gpt2WithSingleDigits)
    let partial = try BytePairTokenizer(
      json: file("\"unk_token\": null", by: "\"unk_token\": \"b\", \"ignore_merges\": true"),
      file: "t.json")
    for tokenizer in [trained, digits, partial] {
      try withTemporaryFolder { folder in
        try tokenizer.save(to: folder)
        #expect(try BytePairTokenizer(contentsOf: folder) == tokenizer)
        let file = folder.appending(component: "tokenizer.json")
        #expect(try BytePairTokenizer(contentsOf: file) == tokenizer)
      }
    }
  }

  @Test func aSavedByteTokenizerReadsBackWithTheSameIDs() throws {
    try withTemporaryFolder { folder in
      try ByteTokenizer().save(to: folder)
      let tokenizer = try BytePairTokenizer(contentsOf: folder)
      let bytes = Array(UInt8.min...UInt8.max)
      #expect(tokenizer.encode(bytes: bytes) == ByteTokenizer().encode(bytes: bytes))
      #expect(tokenizer.vocabularySize == 256)
    }
  }

  @Test func missingFilesAndFoldersAreErrorsThatNameThem() throws {
    try withTemporaryFolder { folder in
      let error = try #require(throws: TokenizerError.self) {
        try BytePairTokenizer(contentsOf: folder)
      }
      #expect(error.code == .unreadable && error.message.contains("tokenizer.json"))
      let unwritable = try #require(throws: TokenizerError.self) {
        try ByteTokenizer().save(to: folder.appending(component: "missing"))
      }
      #expect(unwritable.code == .unwritable && unwritable.message.contains("missing"))
    }
    #expect(throws: TokenizerError.self) {
      try BytePairTokenizer(contentsOf: URL(filePath: "/dev/zero"))
    }
  }

  @Test(arguments: [
    // What is replaced in the small file, by what, the error, and what its message names.
    ("\"BPE\"", "\"WordPiece\"", TokenizerError.Code.unsupported, "model.type"),
    ("\"BPE\"", "\"Unigram\"", .unsupported, "Unigram"),
    ("\"BPE\"", "7", .wrongType, "model.type"),
    ("\"type\": \"BPE\", ", "", .missingField, "model.type"),
    ("\"byte_fallback\": false", "\"byte_fallback\": true", .unsupported, "model.byte_fallback"),
    ("\"byte_fallback\": false", "\"byte_fallback\": 0", .wrongType, "found a number"),
    ("\"dropout\": null", "\"dropout\": 0.1", .unsupported, "model.dropout"),
    (
      "\"dropout\": null", "\"continuing_subword_prefix\": \"##\"", .unsupported,
      "continuing_subword_prefix"
    ),
    ("\"unk_token\": null", "\"unk_token\": \"z\"", .invalidValue, "model.unk_token"),
    (
      "\"unk_token\": null", "\"fuse_unk\": true, \"unk_token\": \"a\"", .unsupported,
      "model.fuse_unk"
    ),
    ("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}", .unsupported, "NFC"),
    ("\"use_regex\": true", "\"use_regex\": false", .unsupported, "pre_tokenizer"),
    ("\"add_prefix_space\": false", "\"add_prefix_space\": true", .unsupported, "add_prefix"),
    ("{\"type\": \"ByteLevel\", ", "{\"type\": \"Metaspace\", ", .unsupported, "Metaspace"),
    ("{\"type\": \"ByteLevel\", ", "{", .missingField, "pre_tokenizer.type"),
    (
      "{\"type\": \"ByteLevel\", ", "{\"type\": \"Sequence\", \"pretokenizers\": [], ",
      .unsupported, "Digits"
    ),
    (
      "\"post_processor\": null", "\"post_processor\": {\"type\": \"TemplateProcessing\"}",
      .unsupported, "TemplateProcessing"
    ),
    ("{\"type\": \"ByteLevel\"}", "{\"type\": \"Fuse\"}", .unsupported, "decoder"),
    ("{\"type\": \"ByteLevel\"}", "null", .unsupported, "decoder"),
    ("\"lstrip\": false", "\"lstrip\": true", .unsupported, "added_tokens.[0].lstrip"),
    ("\"id\": 3", "\"id\": 1", .duplicate, "added_tokens.[0].id"),
    ("\"content\": \"<s>\"", "\"content\": \"ab\"", .invalidValue, "added_tokens.[0]"),
    ("\"content\": \"<s>\", ", "", .missingField, "added_tokens.[0].content"),
    ("\"id\": 3, ", "", .missingField, "added_tokens.[0].id"),
    ("\"ab\": 2", "\"ab\": 1", .duplicate, "id 1"),
    ("\"ab\": 2", "\"ab\": 2, \"ab\": 4", .duplicate, "\"ab\""),
    ("\"ab\": 2", "\"ab\": -2", .invalidValue, "model.vocab"),
    ("\"ab\": 2", "\"ab\": 2.0", .invalidValue, "model.vocab"),
    ("\"ab\": 2", "\"ab\": 2147483647", .invalidValue, "2147483647"),
    ("\"ab\": 2", "\"ab\": 99999999999999999999999", .invalidValue, "model.vocab"),
    ("\"ab\": 2", "\"ab\": \"2\"", .wrongType, "found a string"),
    ("\"ab\": 2", "\"ab\": 2, \"\": 4", .invalidValue, "empty"),
    ("\"ab\": 2", "\"ab\": 2, \"▁the\": 4", .unsupported, "▁the"),
    ("{\"a\": 0, \"b\": 1, \"ab\": 2}", "[\"a\"]", .wrongType, "found an array"),
    ("{\"a\": 0, \"b\": 1, \"ab\": 2}", "{}", .missingField, "model.vocab"),
    (", \"merges\": [\"a b\"]", "", .missingField, "model.merges"),
    ("\"a b\"", "\"a c\"", .invalidValue, "\"c\" is not in the vocabulary"),
    ("\"a b\"", "\"b a\"", .invalidValue, "\"ba\" is not in the vocabulary"),
    ("\"a b\"", "\"a b c\"", .invalidValue, "model.merges.[0]"),
    ("\"a b\"", "\"ab\"", .invalidValue, "model.merges.[0]"),
    ("\"a b\"", "[\"a\"]", .invalidValue, "model.merges.[0]"),
    ("\"a b\"", "[\"a\", 1]", .wrongType, "model.merges.[0].[1]"),
    ("\"a b\"", "null", .wrongType, "found null"),
    ("\"version\": \"1.0\"", "\"model\": null", .duplicate, "model"),
    ("\"version\": \"1.0\"", "\"version\": tru", .malformed, "expected 'true'"),
    ("\"version\": \"1.0\"", "\"version\": \"\\ud800\"", .malformed, "surrogate"),
    ("\"version\": \"1.0\"", "\"version\": 01", .malformed, "'1'"),
    ("\"version\": \"1.0\"", "\"version\": \"\n\"", .malformed, "control character"),
    ("\"merges\": [\"a b\"]}}", "\"merges\": [\"a b\"]}} x", .malformed, "the end of the text"),
  ])
  func aBadFieldIsAnErrorThatNamesIt(
    replaced: String, replacement: String, code: TokenizerError.Code, named: String
  ) throws {
    let error = try #require(failure(file(replaced, by: replacement)))
    #expect(error.code == code, "\(error)")
    #expect(error.message.contains(named), "\(error)")
    #expect(error.message.hasPrefix("t.json: "), "\(error)")
  }

  @Test func whatIsNotAnObjectIsAnError() {
    for text in ["", " ", "[]", "1", "null", "\"\"", "{", "{}", "{\"model\"", "\u{FEFF}{}"] {
      #expect(failure(text.utf8) != nil)
    }
    #expect(failure([0xFF, 0xFE]) != nil)
    #expect(failure(Array("{\"a".utf8) + [0xC0, 0x80] + Array("\": 1}".utf8))?.code == .malformed)
    let nested = String(repeating: "[", count: 1_000_000)
    #expect(failure("{\"x\": \(nested)".utf8)?.code == .malformed)
    #expect(failure("{\"pre_tokenizer\": {\"pretokenizers\": [{\"pretokenizers\": [".utf8) != nil)
  }

  @Test func aFileCutAnywhereIsAnError() {
    let json = file()
    for count in 0..<json.count {
      #expect(failure(json.prefix(count)) != nil)
    }
    #expect(failure(json) == nil)
  }

  /// Reading must end without a trap; that the file may still be valid is fine.
  @Test func mutatedFilesAreReadOrRefused() {
    var generator = SeededGenerator(state: 11)
    let original = file()
    let values = Array("{}[]\",:0129-.eE\\untf abs\u{7F}é".utf8) + [0, 0xFF]
    for _ in 0..<20_000 {
      var json = original
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let position = Int.random(in: 0..<json.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: json[position] = values.randomElement(using: &generator)!
        case 1: json.remove(at: position)
        default: json.insert(values.randomElement(using: &generator)!, at: position)
        }
      }
      if let tokenizer = try? BytePairTokenizer(json: json, file: "t.json") {
        _ = tokenizer.decodeBytes(tokenizer.encodeRecognizingSpecialTokens("abab<s>x"))
      }
    }
  }
}
