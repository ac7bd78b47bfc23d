internal import Tensors
public import Tokenization

/// Tokenised texts or examples, in a training and a validation part.
public struct Corpus: Sendable {
  /// Where the text came from, for messages.
  public let name: String
  /// What made the tokens.
  public let tokenizer: any Tokenizer
  /// The part to train on.
  public let training: TokenStream
  /// The part to measure on.
  public let validation: TokenStream
  /// How windows are filled.
  public let packing: Packing
  /// The validation part as text, for prompts; empty for examples.
  let validationText: [UInt8]
  /// What a person should know about the text.
  public package(set) var notices: [String]
  /// What it was read from, to be saved with a run; nil for what was not read here.
  package internal(set) var data: TrainingData?
  /// Tells the training part from others.
  package let fingerprint: String

  /// Tokenises both parts of a text.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - tokenizer: What makes the tokens.
  ///   - recognizingSpecialTokens: Whether the spelling of a special token becomes that token.
  public init(
    _ text: SourceText, tokenizer: any Tokenizer, recognizingSpecialTokens: Bool = true
  ) {
    func stream(_ text: [UInt8]) -> TokenStream {
      TokenStream(
        text, tokenizer: tokenizer, recognizingSpecialTokens: recognizingSpecialTokens)
    }
    self.init(
      name: text.name, tokenizer: tokenizer, training: stream(text.training),
      validation: stream(text.validation), packing: .joined, validationText: text.validation,
      notices: text.isValidUTF8 ? [] : [Self.notice(ofInvalid: text.name)])
  }

  /// Trains a byte-pair vocabulary on the training part, and tokenises both parts with it; with a
  /// `vocabulary` of 256 or fewer, tokens are bytes.
  public init(_ text: SourceText, vocabulary: Int) throws {
    self.init(text, tokenizer: try Self.tokenizer(of: vocabulary, trainedOn: text.training))
  }

  /// A tokenizer of as many tokens, learnt from a text; of bytes up to 256.
  static func tokenizer(of vocabulary: Int, trainedOn text: [UInt8]) throws -> any Tokenizer {
    vocabulary > 256
      ? try BytePairTokenizer.train(on: text, vocabularySize: vocabulary) : ByteTokenizer()
  }

  static func notice(ofInvalid name: String) -> String {
    "\(name) is not valid UTF-8 everywhere; its bytes are used as they are."
  }

  init(
    name: String, tokenizer: any Tokenizer, training: TokenStream, validation: TokenStream,
    packing: Packing, validationText: [UInt8] = [], notices: [String] = []
  ) {
    self.name = name
    self.tokenizer = tokenizer
    self.training = training
    self.validation = validation
    self.packing = packing
    self.validationText = validationText
    self.notices = notices
    fingerprint = training.fingerprint
  }

  /// Beginnings of the validation part, at most `count` of them, to be continued by the model.
  func samplePrompts(_ count: Int) -> [(text: String, tokens: [Int32])] {
    guard validationText.isEmpty else {
      return prompts(count).map { ($0, tokenizer.startTokens + tokenizer.encode($0)) }
    }
    let documents = validation.documents
    let taken = min(count, documents.count)
    return (0..<taken).map { index in
      let document = documents[index * documents.count / taken]
      // What is asked, or some words of a text.
      let learnt = validation.isLearnt.flatMap { marks in document.first { marks[$0] } }
      let tokens = validation.tokens[
        document.lowerBound..<min(learnt ?? document.lowerBound + 12, document.upperBound)]
      return (tokenizer.decode(Array(tokens)), Array(tokens))
    }
  }

  /// `count` prompts: the first `words` words of lines spread over the validation part.
  public func prompts(_ count: Int, words: Int = 6) -> [String] {
    (0..<count).map { index in
      let place = validationText.count * (2 * index + 1) / (2 * count)
      let line = validationText[..<place].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
      // In very long lines, start at a word near the position instead.
      let start =
        place - line < 2_000
        ? line : validationText[place...].firstIndex(of: 0x20).map { $0 + 1 } ?? place
      let rest = validationText[start..<min(start + 400, validationText.count)]
      return rest.split(whereSeparator: SourceText.isSpace).prefix(words)
        .map { String(decoding: $0.prefix(40), as: UTF8.self) }.joined(separator: " ")
    }
  }
}
