public import Layers
public import JSON
public import Tensors

/// The sizes and constants of a language model: enough to make it, to read and write its files, and to
/// estimate its memory before it is made.
public protocol ModelConfiguration: Sendable, Hashable {
  /// The name of the architecture, `model_type` in a `config.json`.
  var modelType: String { get }
  /// Number of different tokens, rows of the embedding.
  var vocabularySize: Int { get set }
  /// Size of the vector of a token.
  var hiddenSize: Int { get }
  /// Number of blocks.
  var blockCount: Int { get set }
  /// The longest sequence.
  var maxPositions: Int { get set }
  /// Whether the head is the transposed embedding.
  var tiesEmbeddings: Bool { get }
  /// The linear layers of all blocks, first to last.
  var linearShapes: [LinearShape] { get }
  /// The names and shapes of the tensors of a dense model's file: the embedding first.
  var tensorShapes: [(name: String, shape: Shape)] { get }
  /// The elements that a block holds per token in a training step.
  var activations: BlockActivations { get }
  /// The members of a `config.json`, which `ModelFamily.configuration(_:)` reads back.
  var json: JSONObject { get }

  /// Where published files hold a tensor of the model, if not under its own name; nil otherwise.
  func place(of name: String) -> TensorPlace?

  /// How GGUF files hold such models; nil where none do.
  var gguf: GGUFLayout? { get }

  /// A model with initial values drawn from the builder's random numbers, or read by it.
  func makeModel(using linear: LayerBuilder) -> any LanguageModel
}

/// The elements that a block of a model holds per token of a training step.
public struct BlockActivations: Sendable, Hashable {
  /// Kept from the forward to the backward pass.
  public var kept: Int
  /// Alive in addition at the peak of the block's backward pass.
  public var backward: Int
  /// The size of all query heads together, which is the width of attention's products.
  public var attentionWidth: Int

  /// The elements of a block.
  public init(kept: Int, backward: Int, attentionWidth: Int) {
    self.kept = kept
    self.backward = backward
    self.attentionWidth = attentionWidth
  }
}

extension ModelConfiguration {
  /// No other place.
  public func place(of name: String) -> TensorPlace? { nil }

  /// None do.
  public var gguf: GGUFLayout? { nil }

  /// The names of the linear layers of a block, each once.
  public var linearNames: [String] {
    var seen: Set<String> = []
    return linearShapes.map(\.name).filter { seen.insert($0).inserted }
  }

  /// Parameters of the blocks' linear layers, without biases.
  public var linearParameterCount: Int { linearShapes.reduce(0) { $0 + $1.elementCount } }

  /// All parameters of a dense model.
  public var parameterCount: Int { tensorShapes.reduce(0) { $0 + $1.shape.elementCount } }

  /// The shapes of all parameters except the matrices of the blocks' linear layers: the embedding, an
  /// untied head, then norms, biases and the like.
  public var restShapes: [Shape] {
    let table: Shape = [vocabularySize, hiddenSize]
    let tables = Array(repeating: table, count: tiesEmbeddings ? 1 : 2)
    let matrices = Set(linearShapes.map { "." + $0.name + ".weight" })
    let others = tensorShapes.filter { tensor in
      tensor.shape != table && !matrices.contains { tensor.name.hasSuffix($0) }
    }
    return tables + others.map(\.shape)
  }

  /// Elements of the block of logits, at most 32 MiB, that the loss of a step of `tokens` tokens holds at
  /// a time.
  public func logitElementCount(tokens: Int) -> Int {
    let fitting = (32 << 20) / (4 * vocabularySize)
    return vocabularySize * min(tokens, max(1, fitting > 16 ? fitting & ~15 : fitting))
  }
}
