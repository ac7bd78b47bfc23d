/// Byte-pair encoding (Sennrich et al., arXiv 1508.07909; Radford et al. 2019): text is cut into words,
/// the bytes or characters of each word become tokens, and adjacent tokens are merged in the order in
/// which the merges were learnt, until none applies.
///
/// Create one with `train(on:vocabularySize:)` or read one with `init(contentsOf:)`. A trained vocabulary
/// contains all 256 bytes, so decoding inverts encoding; for one that was read, see `encodesEveryByte`.
public struct BytePairTokenizer: Tokenizer, Equatable {
  /// The largest vocabulary that can be trained or read, several times the largest in use.
  static let maximumVocabularySize = 1 << 20

  /// The pipeline that implements the tokenizer, whose model is byte-pair encoding.
  public let pipeline: PipelineTokenizer
  let model: BytePairModel

  /// How text is cut into words, or nil if not in a way that `train` supports.
  public var preTokenization: PreTokenization? {
    pipeline.normalizer == nil ? PreTokenization(pipeline.preTokenizer) : nil
  }

  /// All ids in `merges` must be those of `tokens`, and `byteIDs` must have 256 elements.
  init(
    tokens: ByteStrings, byteIDs: [Int32], merges: [BytePairModel.Merge],
    addedTokens: [AddedToken] = [], preTokenization: PreTokenization = .gpt2
  ) {
    let added = Set(addedTokens.map(\.id))
    let vocabulary = Vocabulary(tokens: tokens) { !added.contains(Int32($0)) }
    model = BytePairModel(
      vocabulary: vocabulary, units: .bytes(byteIDs), merges: merges, added: added)
    var pipeline = PipelineTokenizer(
      preTokenizer: preTokenization.preTokenizer, model: .bytePair(model), decoder: .byteLevel,
      addedTokens: addedTokens)
    pipeline.files = BytePairFiles(model, addedTokens, preTokenization).files
    self.pipeline = pipeline
  }

  /// Wraps a pipeline, or returns nil if its model is of another kind.
  init?(_ pipeline: PipelineTokenizer) {
    guard case .bytePair(let model) = pipeline.model else { return nil }
    self.pipeline = pipeline
    self.model = model
  }

  /// One more than the highest id.
  public var vocabularySize: Int { pipeline.vocabularySize }

  /// The ids of the special tokens by their spelling.
  public var specialTokens: [String: Int32] { pipeline.specialTokens }

  /// The ids of the tokens with a role.
  public var namedTokens: NamedTokens { pipeline.namedTokens }

  /// The tokens that the model expects in front of a text, such as a begin marker.
  public var startTokens: [Int32] { pipeline.startTokens }

  /// The template of conversations, if the folder has one of a known kind.
  public var chatTemplate: ChatTemplate? { pipeline.chatTemplate }

  /// Whether every byte has a token, so that decoding inverts encoding. If not, `encode` replaces text
  /// without tokens by the unknown token, or omits it if there is none.
  public var encodesEveryByte: Bool {
    switch model.units {
    case .bytes(let ids): !ids.contains(-1)
    case .characters(let units): units.byteIDs != nil
    }
  }

  /// Whether a text may be encoded in parts, cut at line ends.
  public var encodesLinesApart: Bool { pipeline.encodesLinesApart }

  /// The ids of `bytes`, which need not be valid UTF-8. Spellings of special tokens count as text.
  public func encode(bytes: [UInt8]) -> [Int32] { pipeline.encode(bytes: bytes) }

  /// The ids of `bytes`; with `recognizingSpecialTokens`, spellings of special tokens become these tokens.
  /// For text whose author is trusted, such as training data.
  public func encode(bytes: [UInt8], recognizingSpecialTokens: Bool) -> [Int32] {
    pipeline.encode(bytes: bytes, recognizingSpecialTokens: recognizingSpecialTokens)
  }

  /// The ids of `text`, in which spellings of special tokens become these tokens. For text whose author is
  /// trusted, such as a prompt template.
  public func encodeRecognizingSpecialTokens(_ text: String) -> [Int32] {
    encode(bytes: Array(text.utf8), recognizingSpecialTokens: true)
  }

  /// The ids of a conversation, in which special tokens are recognised only in the template's text.
  public func encode(_ chat: ChatText) -> [Int32] { pipeline.encode(chat) }

  /// The joined bytes of the tokens `ids`; ids outside the vocabulary are ignored.
  public func decodeBytes(_ ids: [Int32]) -> [UInt8] { pipeline.decodeBytes(ids) }

  /// Whether two tokenizers have the same tokens, merges and rules.
  public static func == (left: Self, right: Self) -> Bool { left.pipeline == right.pipeline }
}
