/// A tokenizer as a GGUF file holds it (`tokenizer.ggml.*`), from which a `PipelineTokenizer` can be made
/// and saved.
public struct GGUFVocabulary: Sendable {
  /// `tokenizer.ggml.model`: `gpt2` or `llama`.
  public var model: String
  /// `tokenizer.ggml.pre`: how a `gpt2` model cuts text into words, such as `smollm` or `llama-bpe`.
  public var preTokenizer: String
  /// `tokenizer.ggml.tokens`, in UTF-8.
  public var tokens: [[UInt8]]
  /// `tokenizer.ggml.token_type`: 1 for normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
  /// Empty if all are normal.
  public var types: [Int32]
  /// `tokenizer.ggml.scores`, of a `llama` model.
  public var scores: [Float]
  /// `tokenizer.ggml.merges`, of a `gpt2` model.
  public var merges: [String]
  /// `tokenizer.ggml.add_space_prefix`.
  public var addsSpacePrefix: Bool
  /// `tokenizer.ggml.add_bos_token`.
  public var addsBos: Bool
  /// `tokenizer.ggml.add_eos_token`.
  public var addsEos: Bool
  /// The ids of the tokens with a role.
  public var namedTokens: NamedTokens
  /// `tokenizer.chat_template`.
  public var chatTemplate: String?

  /// Creates a vocabulary; arguments left out are absent from the file.
  public init(
    model: String, preTokenizer: String = "default", tokens: [[UInt8]], types: [Int32] = [],
    scores: [Float] = [], merges: [String] = [], addsSpacePrefix: Bool = true,
    addsBos: Bool = false, addsEos: Bool = false, namedTokens: NamedTokens = NamedTokens(),
    chatTemplate: String? = nil
  ) {
    self.model = model
    self.preTokenizer = preTokenizer
    self.tokens = tokens
    self.types = types
    self.scores = scores
    self.merges = merges
    self.addsSpacePrefix = addsSpacePrefix
    self.addsBos = addsBos
    self.addsEos = addsEos
    self.namedTokens = namedTokens
    self.chatTemplate = chatTemplate
  }

  /// The type of a token.
  func type(_ id: Int) -> Int32 { types.isEmpty ? 1 : types[id] }
}
