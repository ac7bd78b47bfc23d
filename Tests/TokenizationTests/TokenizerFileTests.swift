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

  /// A small file with parts of its text replaced.
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

  @Test func aModelWithoutATypeIsToldByItsFields() throws {
    let untyped = try BytePairTokenizer(json: file("\"type\": \"BPE\", ", by: ""), file: "t.json")
    #expect(try untyped == BytePairTokenizer(json: file(), file: "t.json"))
    let nothing = file("\"type\": \"BPE\", ", by: "")
    let text = String(decoding: nothing, as: UTF8.self)
      .replacingOccurrences(of: ", \"merges\": [\"a b\"]", with: "")
    #expect(failure(text.utf8)?.code == .missingField)
  }

  @Test func anotherModelIsRefusedWithTheNameOfItsReader() throws {
    let file = PipelineFixture.folder.appending(component: "bert.json")
    let error = try #require(throws: TokenizerError.self) {
      try BytePairTokenizer(contentsOf: file)
    }
    #expect(error.code == .unsupported && error.message.contains("PipelineTokenizer"))
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
    // A text in the small file, its replacement, the error, and what its message names.
    ("\"BPE\"", "\"WordPiece\"", TokenizerError.Code.missingField, "model.unk_token"),
    ("\"BPE\"", "\"Unigram\"", .wrongType, "model.vocab"),
    ("\"BPE\"", "\"WordLevel\"", .unsupported, "WordLevel"),
    ("\"BPE\"", "7", .wrongType, "model.type"),
    ("\"byte_fallback\": false", "\"byte_fallback\": 0", .wrongType, "found a number"),
    ("\"dropout\": null", "\"dropout\": \"0.1\"", .wrongType, "model.dropout"),
    ("\"dropout\": null", "\"end_of_word_suffix\": 1", .wrongType, "model.end_of_word_suffix"),
    ("\"dropout\": null", "\"ignore_merges\": \"yes\"", .wrongType, "model.ignore_merges"),
    ("\"dropout\": null", "\"max_input_chars_per_word\": -1", .invalidValue, "max_input_chars"),
    ("\"dropout\": null", "\"unk_id\": 1.5", .invalidValue, "model.unk_id"),
    ("\"unk_token\": null", "\"unk_token\": \"z\"", .invalidValue, "model.unk_token"),
    ("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFX\"}", .unsupported, "NFX"),
    ("\"normalizer\": null", "\"normalizer\": []", .wrongType, "normalizer: expected an object"),
    (
      "\"normalizer\": null", "\"normalizer\": {\"type\": \"Replace\", \"content\": \"\"}",
      .missingField, "normalizer.pattern"
    ),
    (
      "\"normalizer\": null",
      "\"normalizer\": {\"type\": \"Replace\", \"pattern\": {\"Regex\": \"(\"}, \"content\": \"\"}",
      .unsupported, "normalizer.pattern.Regex"
    ),
    (
      "\"normalizer\": null",
      "\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAAA\"}",
      .invalidValue, "normalizer.precompiled_charsmap"
    ),
    (
      "\"normalizer\": null",
      "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Prepend\"}]}",
      .missingField, "normalizer.normalizers.[0].prepend"
    ),
    ("\"use_regex\": true", "\"use_regex\": null, \"add\": [", .malformed, "not valid JSON"),
    ("\"use_regex\": true", "\"use_regex\": 1", .wrongType, "pre_tokenizer.use_regex"),
    ("{\"type\": \"ByteLevel\", ", "{\"type\": \"Metaspaces\", ", .unsupported, "Metaspaces"),
    (
      "{\"type\": \"ByteLevel\", ", "{\"type\": \"Metaspace\", \"replacement\": \"ab\", ",
      .invalidValue, "pre_tokenizer.replacement"
    ),
    (
      "{\"type\": \"ByteLevel\", ", "{\"type\": \"Metaspace\", \"prepend_scheme\": \"last\", ",
      .invalidValue, "pre_tokenizer.prepend_scheme"
    ),
    (
      "{\"type\": \"ByteLevel\", ",
      "{\"type\": \"Split\", \"pattern\": {\"String\": \"a\"}, \"behavior\": \"Kept\", ",
      .invalidValue, "pre_tokenizer.behavior"
    ),
    ("{\"type\": \"ByteLevel\", ", "{", .missingField, "pre_tokenizer.type"),
    (
      "{\"type\": \"ByteLevel\", ", "{\"type\": \"Sequence\", ", .missingField,
      "pre_tokenizer.pretokenizers"
    ),
    (
      "\"post_processor\": null", "\"post_processor\": {\"type\": \"TemplateProcessing\"}",
      .missingField, "post_processor.single"
    ),
    (
      "\"post_processor\": null",
      "\"post_processor\": {\"type\": \"BertProcessing\", \"cls\": [\"<s>\"]}", .invalidValue,
      "post_processor.cls"
    ),
    (
      "\"post_processor\": null",
      """
      "post_processor": {"type": "RobertaProcessing", "cls": ["<s>", 3], "sep": ["</s>", 9]}
      """, .invalidValue, "the id 9 is not in the vocabulary"
    ),
    (
      "\"post_processor\": null",
      """
      "post_processor": {"type": "TemplateProcessing", "pair": [],
        "single": [{"SpecialToken": {"id": "<t>", "type_id": 0}}], "special_tokens": {}}
      """, .invalidValue, "post_processor.single.[0].SpecialToken.id"
    ),
    ("{\"type\": \"ByteLevel\"}", "{\"type\": \"Fusee\"}", .unsupported, "decoder"),
    (
      "{\"type\": \"ByteLevel\"}", "{\"type\": \"Strip\", \"content\": \" \"}", .missingField,
      "decoder.start"
    ),
    ("\"lstrip\": false", "\"lstrip\": 1", .wrongType, "added_tokens.[0].lstrip"),
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
    ("{\"a\": 0, \"b\": 1, \"ab\": 2}", "[\"a\"]", .wrongType, "model.vocab.[0]"),
    ("{\"a\": 0, \"b\": 1, \"ab\": 2}", "[[\"a\"]]", .invalidValue, "a token and its score"),
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

  /// Reading must not trap; the file may still be valid.
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

  /// The same for files with every kind of part, and for SentencePiece models.
  @Test(arguments: Kinds.files)
  func mutatedFilesOfEveryKindAreReadOrRefused(json: String) throws {
    var generator = SeededGenerator(state: 13)
    let original = Array(json.utf8)
    let values = Array("{}[]\",:0129-.eE\\untf ab<>()|+*?▁#".utf8) + [0, 0xFF]
    var readCount = 0
    for _ in 0..<4_000 {
      let bytes = mutated(original, values, &generator)
      guard let tokenizer = try? PipelineTokenizer(json: bytes, file: "t.json") else { continue }
      readCount += 1
      let ids = tokenizer.encode(
        bytes: Array("ab ▁É<s> b1a".utf8) + [0xFF], recognizingSpecialTokens: true)
      _ = tokenizer.decodeBytes(tokenizer.encodeForModel(ids, [0]).ids)
    }
    #expect(readCount > 100)
  }

  /// The ids are those of transformers' LlamaTokenizer.
  @Test func tokensAddedBesideASentencePieceModelAreRead() throws {
    let model = try Data(
      contentsOf: PipelineFixture.folder.appending(component: "sentencepiece_bpe.model"))
    let configuration = #"""
      {"legacy": false, "add_bos_token": true, "bos_token": "<s>", "added_tokens_decoder": {
        "600": {"content": "<new>", "special": true, "normalized": false},
        "601": {"content": "plainword", "special": false, "normalized": true}}}
      """#
    for (files, ids) in [
      (["tokenizer_config.json": configuration], [267, 600, 262, 571] as [Int32]),
      // What is behind an added token is a text of its own where nothing else is said.
      (["added_tokens.json": #"{"<new>": 600}"#], [267, 600, 266]),
    ] {
      try withTemporaryFolder { folder in
        try model.write(to: folder.appending(component: "tokenizer.model"))
        for (name, text) in files {
          try Data(text.utf8).write(to: folder.appending(component: name))
        }
        // As it is, and from what it saves.
        let copy = folder.appending(component: "copy")
        try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
        try PipelineTokenizer(contentsOf: folder).save(to: copy)
        for place in [folder, copy] {
          let tokenizer = try PipelineTokenizer(contentsOf: place)
          #expect(
            tokenizer.encode(bytes: Array("and<new>the".utf8), recognizingSpecialTokens: true)
              == ids)
          #expect(tokenizer.decode([267, 600, 571]) == "and<new>e")
        }
      }
    }
  }

  @Test func mutatedSentencePieceModelsAreReadOrRefused() throws {
    var generator = SeededGenerator(state: 17)
    for name in PipelineTests.sentencePieceNames {
      let url = PipelineFixture.folder.appending(component: "\(name).model")
      let original = [UInt8](try Data(contentsOf: url))
      // A few pieces, followed by the specifications.
      let short = Array(original.prefix(200) + original.suffix(500))
      #expect(throws: TokenizerError.self) {
        try PipelineTokenizer(sentencePiece: original.dropLast(1).dropFirst(1) + [], file: "m")
      }
      for index in 0..<3_000 {
        let bytes = mutated(
          index % 100 == 0 ? original : short, Array(UInt8.min...UInt8.max), &generator)
        if let tokenizer = try? PipelineTokenizer(sentencePiece: bytes, file: "m") {
          _ = tokenizer.decodeBytes(tokenizer.encode(bytes: Array("the ▁É<s>".utf8) + [0xFF]))
        }
      }
    }
  }

  private func mutated(
    _ original: [UInt8], _ values: [UInt8], _ generator: inout SeededGenerator
  ) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      let position = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: bytes[position] = values.randomElement(using: &generator)!
      case 1: bytes.remove(at: position)
      default: bytes.insert(values.randomElement(using: &generator)!, at: position)
      }
    }
    return bytes
  }
}

/// Small files with every kind of part.
private enum Kinds {
  static let files = [
    """
    {"added_tokens": [{"id": 3, "content": "<s>", "special": true, "lstrip": true, "rstrip": true},
      {"id": 4, "content": "b1", "single_word": true, "normalized": true}],
     "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"},
      {"type": "Prepend", "prepend": "a"}, {"type": "Strip", "strip_left": true},
      {"type": "Replace", "pattern": {"Regex": "[^a-c]+?|\\\\s{2,}"}, "content": "b"}]},
     "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split",
      "pattern": {"Regex": "(?i:a|b)+|\\\\p{L}(?!x)"}, "behavior": "MergedWithNext", "invert": true},
      {"type": "ByteLevel", "use_regex": false}]},
     "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>",
      "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "B",
      "type_id": 1}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [3], "tokens": ["<s>"]}}},
     "decoder": {"type": "ByteLevel"},
     "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}
    """,
    """
    {"added_tokens": [], "normalizer": {"type": "BertNormalizer", "strip_accents": null},
     "pre_tokenizer": {"type": "BertPreTokenizer"},
     "post_processor": {"type": "BertProcessing", "sep": ["b", 1], "cls": ["a", 0]},
     "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
     "model": {"type": "WordPiece", "unk_token": "a", "continuing_subword_prefix": "##",
      "max_input_chars_per_word": 9, "vocab": {"a": 0, "b": 1, "##b": 2, "##a": 3}}}
    """,
    """
    {"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first",
      "split": true}, "decoder": {"type": "Sequence", "decoders": [{"type": "Replace",
      "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
      {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
     "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": true, "vocab": [["<unk>", 0],
      ["▁", -1.5], ["a", -2], ["b", -2.5], ["▁a", -3], ["ab", -1e1]]}}
    """,
  ]
}
