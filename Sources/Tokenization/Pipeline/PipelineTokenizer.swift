/// A tokenizer as in model folders: a text is normalised, cut into words, encoded by a model, and
/// surrounded with the tokens that the language model expects; tokens are decoded in steps.
///
/// Read one with `init(contentsOf:)` from a Hugging Face `tokenizer.json` or a SentencePiece
/// `tokenizer.model`. Its files are kept, and `save(to:)` writes them unchanged.
public struct PipelineTokenizer: Tokenizer, Equatable {
  var normalizer: Normalizer?
  let preTokenizer: PreTokenizer?
  let model: TokenModel
  var postProcessor: PostProcessor?
  let decoder: TokenDecoder?
  let addedTokens: AddedTokens
  /// The bytes or the spelling of every token, including added tokens; empty for an id without a token.
  let tokens: ByteStrings
  /// The ids of the tokens with a role.
  public internal(set) var namedTokens: NamedTokens
  /// The template of conversations, if the folder has one of a known kind.
  public internal(set) var chatTemplate: ChatTemplate?
  /// The files that it was read from, and that `save(to:)` writes.
  public internal(set) var files: [TokenizerSourceFile] = []

  init(
    normalizer: Normalizer? = nil, preTokenizer: PreTokenizer?, model: TokenModel,
    postProcessor: PostProcessor? = nil, decoder: TokenDecoder?, addedTokens: [AddedToken]
  ) {
    self.normalizer = normalizer
    self.preTokenizer = preTokenizer
    self.model = model
    self.postProcessor = postProcessor
    self.decoder = decoder
    self.addedTokens = AddedTokens(addedTokens, normalizer: normalizer)
    tokens = Self.tokens(of: model.vocabulary, addedTokens)
    namedTokens = NamedTokens(unk: model.unknownID)
  }

  private static func tokens(of vocabulary: Vocabulary, _ added: [AddedToken]) -> ByteStrings {
    let highest = added.map(\.id).max() ?? -1
    var contents: [Int32: String] = [:]
    for token in added { contents[token.id] = token.content }
    var tokens = ByteStrings()
    for id in 0..<max(vocabulary.count, Int(highest) + 1) {
      if let content = contents[Int32(id)] {
        tokens.append(Array(content.utf8))
      } else {
        tokens.append(id < vocabulary.count ? vocabulary[Int32(id)] : [])
      }
    }
    return tokens
  }

  /// One more than the highest id.
  public var vocabularySize: Int { tokens.count }

  /// The ids of the special tokens by their spelling.
  public var specialTokens: [String: Int32] {
    Dictionary(
      addedTokens.tokens.filter(\.isSpecial).map { ($0.content, $0.id) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Whether the model works on bytes rather than on their spelling.
  var keepsBytes: Bool {
    guard case .bytePair(let model) = model, case .bytes = model.units else { return false }
    return true
  }

  /// Whether two tokenizers have the same tokens and rules, regardless of their files.
  public static func == (left: Self, right: Self) -> Bool {
    left.normalizer == right.normalizer && left.preTokenizer == right.preTokenizer
      && left.model == right.model && left.postProcessor == right.postProcessor
      && left.decoder == right.decoder && left.addedTokens == right.addedTokens
      && left.namedTokens == right.namedTokens && left.chatTemplate == right.chatTemplate
  }
}
