/// Byte-pair encoding (Sennrich et al., arXiv 1508.07909; Radford et al. 2019): text is cut into
/// words, the bytes or characters of each word become tokens, and neighbouring tokens are merged, the
/// merge learnt earliest first, until no merge applies.
///
/// Create one with `train(on:vocabularySize:)` or read one with `init(contentsOf:)`. A trained
/// vocabulary holds all 256 bytes, so decoding what was encoded gives the same bytes; of a
/// vocabulary that was read, `encodesEveryByte` says whether it does.
public struct BytePairTokenizer: Tokenizer, Equatable {
  /// The largest vocabulary that is trained or read: several times the largest in use.
  static let maximumVocabularySize = 1 << 20

  /// The tokenizer with all its parts: the model is byte-pair encoding.
  public let pipeline: PipelineTokenizer
  let model: BytePairModel

  /// How text is cut into words, or nil where it is cut in a way that is not trained here.
  public var preTokenization: PreTokenization? {
    pipeline.normalizer == nil ? PreTokenization(pipeline.preTokenizer) : nil
  }

  /// Merges must only name ids of `tokens`, and `byteIDs` has 256 elements.
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

  /// A tokenizer that was read, or nil where its model is another.
  init?(_ pipeline: PipelineTokenizer) {
    guard case .bytePair(let model) = pipeline.model else { return nil }
    self.pipeline = pipeline
    self.model = model
  }

  /// One more than the highest id.
  public var vocabularySize: Int { pipeline.vocabularySize }

  /// The ids of the special tokens by their spelling.
  public var specialTokens: [String: Int32] { pipeline.specialTokens }

  /// The ids of the tokens that have a role.
  public var namedTokens: NamedTokens { pipeline.namedTokens }

  /// The tokens that the model expects in front of a text, such as a begin marker.
  public var startTokens: [Int32] { pipeline.startTokens }

  /// How conversations are written, where the folder has a template of a known kind.
  public var chatTemplate: ChatTemplate? { pipeline.chatTemplate }

  /// Whether every byte has a token, and hence decoding inverts encoding. Where not, `encode`
  /// puts the file's unknown token for what has no token, or leaves it out.
  public var encodesEveryByte: Bool {
    switch model.units {
    case .bytes(let ids): !ids.contains(-1)
    case .characters(let units): units.byteIDs != nil
    }
  }

  /// Whether a text may be encoded in parts, cut at the ends of lines.
  public var encodesLinesApart: Bool { pipeline.encodesLinesApart }

  /// The ids of `bytes`, which need not be valid UTF-8. Special tokens spelled out in it are text.
  public func encode(bytes: [UInt8]) -> [Int32] { pipeline.encode(bytes: bytes) }

  /// The ids of `bytes`; the spelling of a special token in it becomes that token where
  /// `recognizingSpecialTokens`. For text whose author is trusted, such as training data.
  public func encode(bytes: [UInt8], recognizingSpecialTokens: Bool) -> [Int32] {
    pipeline.encode(bytes: bytes, recognizingSpecialTokens: recognizingSpecialTokens)
  }

  /// The ids of `text`, where the spelling of a special token becomes that token. For text whose
  /// author is trusted, such as a prompt template.
  public func encodeRecognizingSpecialTokens(_ text: String) -> [Int32] {
    encode(bytes: Array(text.utf8), recognizingSpecialTokens: true)
  }

  /// The ids of a conversation, in which only the template's special tokens are tokens.
  public func encode(_ chat: ChatText) -> [Int32] { pipeline.encode(chat) }

  /// The bytes of the tokens `ids`, joined; an id that the vocabulary lacks stands for no bytes.
  public func decodeBytes(_ ids: [Int32]) -> [UInt8] { pipeline.decodeBytes(ids) }

  /// Whether two tokenizers have the same tokens, merges and rules.
  public static func == (left: Self, right: Self) -> Bool { left.pipeline == right.pipeline }
}
