import Foundation
import JSON
import Testing

@testable import Tokenization

@Suite struct GGUFVocabularyTests {
  /// The arrays of a GGUF file for a tokenizer that was read from another format.
  private func arrays(
    _ name: String, types: (Int) -> Int32
  ) throws -> (PipelineTokenizer, GGUFVocabulary) {
    let tokenizer = try PipelineFixture.tokenizer(name)
    let ids = 0..<tokenizer.vocabularySize
    var merges: [String] = []
    var tokens = ids.map { Array(tokenizer.tokens[$0]) }
    if case .bytePair(let model) = tokenizer.model, tokenizer.keepsBytes {
      for id in ids where types(id) == 1 { tokens[id] = ByteAlphabet.spelling(of: tokens[id]) }
      merges = model.merges.map {
        [$0.left, $0.right].map { String(decoding: tokens[Int($0)], as: UTF8.self) }
          .joined(separator: " ")
      }
    }
    return (
      tokenizer,
      GGUFVocabulary(
        model: merges.isEmpty ? "llama" : "gpt2", tokens: tokens, types: ids.map(types),
        merges: merges)
    )
  }

  @Test func byteLevelArraysGiveTheTokenizerTheyCameFrom() throws {
    for (name, kind) in [("qwen2", "qwen2"), ("gpt4o", "gpt-4o"), ("tekken", "tekken")] {
      var (tokenizer, vocabulary) = try arrays(name) { $0 < 3 ? 3 : 1 }
      vocabulary.preTokenizer = kind
      vocabulary.namedTokens = NamedTokens(bos: 0, eos: 1)
      vocabulary.addsBos = true
      vocabulary.chatTemplate = "<|im_start|>"
      let made = try PipelineTokenizer(vocabulary, file: "m.gguf")
      for text in PipelineFixture.texts {
        #expect(made.encode(text) == tokenizer.encode(text))
      }
      #expect(made.specialTokens == tokenizer.specialTokens)
      #expect(made.encodeForModel("a").ids.first == 0)
      try withTemporaryFolder { folder in
        try made.save(to: folder)
        let read = try PipelineTokenizer(contentsOf: folder)
        #expect(read == made)
        #expect(read.namedTokens.eos == 1 && read.chatTemplate?.format == .chatML)
      }
    }
  }

  @Test(arguments: [
    "gpt4o", "llama2", "llama3", "mistral", "qwen2", "sentencepiece_bpe",
  ])
  func theArraysOfATokenizerGiveItAgain(name: String) throws {
    let tokenizer = try PipelineFixture.tokenizer(name)
    var vocabulary = try GGUFVocabulary(of: tokenizer)
    try vocabulary.pad(to: tokenizer.vocabularySize + 2)
    #expect(vocabulary.types.suffix(2) == [5, 5])
    let made = try PipelineTokenizer(vocabulary, file: "m.gguf")
    for text in PipelineFixture.texts {
      // Mistral marks no second space before a text that begins with one; GGUF's rule always does.
      let isMarkedTwice = name == "mistral" && (text.hasPrefix(" ") || text.hasPrefix("\u{2581}"))
      #expect(
        made.encode(text) == tokenizer.encode(isMarkedTwice ? " " + text : text),
        "\(text.debugDescription)")
    }
    #expect(made.namedTokens.bos == tokenizer.namedTokens.bos)
    #expect(throws: TokenizerError.self) { try vocabulary.pad(to: 3) }
  }

  /// Tekken's way of cutting words goes with whole words as tokens, whatever the merges say.
  @Test func wholeWordsAreKeptWithTheirWayOfCutting() throws {
    var json = try #require(try PipelineFixture.json("tekken.json").objectValue)
    var model = try #require(json["model"]?.objectValue)
    model["ignore_merges"] = true
    json["model"] = .object(model)
    let bytes = Array(JSONValue.object(json).text().utf8)
    let tokenizer = try PipelineTokenizer(json: bytes, file: "tokenizer.json")
    let vocabulary = try GGUFVocabulary(of: tokenizer)
    #expect(vocabulary.preTokenizer == "tekken")
    let made = try PipelineTokenizer(vocabulary, file: "m.gguf")
    for text in PipelineFixture.texts { #expect(made.encode(text) == tokenizer.encode(text)) }
  }

  /// SentencePiece's rule would make this token, and Gemma's merges do not.
  @Test func aTokenThatNoMergeMakesIsRefused() throws {
    let tokenizer = try PipelineFixture.tokenizer("gemma")
    let error = #expect(throws: TokenizerError.self) { try GGUFVocabulary(of: tokenizer) }
    #expect(error?.code == .unsupported && error?.description.contains("no merge makes") == true)
  }

  @Test(arguments: [
    "bert", "clip", "t5", "deberta", "sentencepiece_unigram", "roberta", "tekken",
  ])
  func tokenizersThatGGUFHasNoNameForAreRefused(name: String) throws {
    let tokenizer = try PipelineFixture.tokenizer(name)
    let error = #expect(throws: TokenizerError.self) { try GGUFVocabulary(of: tokenizer) }
    #expect(error?.code == .unsupported)
  }

  @Test func sentencePieceArraysGiveTheTokenizerTheyCameFrom() throws {
    let url = PipelineFixture.folder.appending(component: "sentencepiece_bpe.model")
    let contents = try SentencePieceFile([UInt8](Data(contentsOf: url)), file: "m")
    let tokenizer = try PipelineFixture.tokenizer("sentencepiece_bpe")
    let vocabulary = GGUFVocabulary(
      model: "llama", tokens: contents.pieces.map(\.text),
      types: contents.pieces.map { Int32($0.kind.rawValue) },
      scores: contents.pieces.map(\.score), addsBos: true,
      namedTokens: NamedTokens(bos: 1, eos: 2, unk: 0))
    let made = try PipelineTokenizer(vocabulary, file: "m.gguf")
    for text in PipelineFixture.texts { #expect(made.encode(text) == tokenizer.encode(text)) }
    try withTemporaryFolder { folder in
      try made.save(to: folder)
      #expect(try PipelineTokenizer(contentsOf: folder) == made)
    }
  }

  @Test func arraysThatDoNotFitAreErrors() throws {
    var (_, vocabulary) = try arrays("qwen2") { $0 < 3 ? 3 : 1 }
    func code() -> TokenizerError.Code? {
      do {
        _ = try PipelineTokenizer(vocabulary, file: "m.gguf")
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code() == nil)
    vocabulary.preTokenizer = "unheard-of"
    #expect(code() == .unsupported)
    vocabulary.preTokenizer = "qwen2"
    vocabulary.merges.append("x")
    #expect(code() == .invalidValue)
    vocabulary.merges.removeLast()
    vocabulary.model = "bert"
    #expect(code() == .unsupported)
    vocabulary.model = "llama"
    #expect(code() == .invalidValue)
    vocabulary.types.removeLast()
    #expect(code() == .invalidValue)
    vocabulary = GGUFVocabulary(model: "gpt2", tokens: [[0xFF]], merges: [])
    #expect(code() == .malformed)
  }
}
