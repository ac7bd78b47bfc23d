public import Tokenization

/// A tokenised text, split into a training and a validation part by contiguous block.
public struct Corpus: Sendable {
  /// Where the text came from, for messages.
  public let name: String
  /// What made the tokens.
  public let tokenizer: any Tokenizer
  /// The part to train on.
  public let training: TokenStream
  /// The part to measure on.
  public let validation: TokenStream
  /// The validation part as text, for prompts.
  let validationText: [UInt8]
  /// What the user should know about the text.
  public let notices: [String]

  /// Tokenises both parts of a text.
  public init(_ text: SourceText, tokenizer: any Tokenizer) {
    name = text.name
    self.tokenizer = tokenizer
    training = TokenStream(text.training, tokenizer: tokenizer)
    validation = TokenStream(text.validation, tokenizer: tokenizer)
    validationText = text.validation
    notices =
      text.isValidUTF8
      ? [] : ["\(text.name) is not valid UTF-8 everywhere; its bytes are used as they are."]
  }

  /// Trains a byte-pair vocabulary on the training part, and tokenises both parts with it; with a
  /// `vocabulary` of 256 or fewer, tokens are bytes.
  public init(_ text: SourceText, vocabulary: Int) throws {
    guard vocabulary > 256 else {
      self.init(text, tokenizer: ByteTokenizer())
      return
    }
    self.init(
      text,
      tokenizer: try BytePairTokenizer.train(
        on: text.training, vocabularySize: vocabulary))
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
