import JSON
import LanguageModels
import LoQTKit
import TensorFiles

/// The sizes of a small GPT-2: layer norms, learned positions, biases, a head that is the embedding.
struct TinyGPTConfiguration: LanguageModelConfiguration {
  var vocabularySize = 256
  var hiddenSize = 32
  var blockCount = 2
  var heads = 4
  var maxPositions = 64

  init() {}

  init(_ document: JSONDocument) throws(TensorFileError) {
    vocabularySize = try document.integer("vocab_size")
    hiddenSize = try document.integer("n_embd")
    blockCount = try document.integer("n_layer")
    heads = try document.integer("n_head")
    maxPositions = try document.integer("n_positions")
  }

  var modelType: String { "tiny-gpt" }
  var tiesEmbeddings: Bool { true }

  var linearShapes: [LinearShape] {
    let block =
      ["query", "key", "value", "output"].map { LinearShape($0, out: hiddenSize, in: hiddenSize) }
      + [
        LinearShape("up", out: 4 * hiddenSize, in: hiddenSize),
        LinearShape("down", out: hiddenSize, in: 4 * hiddenSize),
      ]
    return (0..<blockCount).flatMap { _ in block }
  }

  var tensorShapes: [(name: String, shape: Shape)] {
    TinyGPT(self, using: .dense()).namedParameters().map { ($0.name, $0.parameter.shape) }
  }

  var activations: BlockActivations {
    BlockActivations(
      kept: 14 * hiddenSize + heads + 2, backward: 9 * hiddenSize, attentionWidth: hiddenSize)
  }

  var json: JSONObject {
    [
      "model_type": "tiny-gpt", "vocab_size": .integer(vocabularySize),
      "n_embd": .integer(hiddenSize), "n_layer": .integer(blockCount), "n_head": .integer(heads),
      "n_positions": .integer(maxPositions),
    ]
  }

  func makeModel(using linear: LayerBuilder) -> any LanguageModel { TinyGPT(self, using: linear) }
}

/// A small GPT-2 defined outside the package.
struct TinyGPT: LanguageModel {
  struct Block: Module {
    let attentionNorm, feedForwardNorm: LayerNorm
    let attention: SelfAttention
    let feedForward: FeedForward

    init(_ configuration: TinyGPTConfiguration, using linear: LayerBuilder) {
      attentionNorm = LayerNorm(configuration.hiddenSize)
      feedForwardNorm = LayerNorm(configuration.hiddenSize)
      attention = SelfAttention(
        hiddenSize: configuration.hiddenSize, heads: configuration.heads, bias: false,
        initializer: .normal(standardDeviation: 0.02), using: linear)
      feedForward = FeedForward(
        hiddenSize: configuration.hiddenSize, intermediateSize: 4 * configuration.hiddenSize,
        activation: .geluTanh, bias: false, initializer: .normal(standardDeviation: 0.02),
        using: linear)
    }

    func callAsFunction(_ x: Variable) -> Variable {
      let y = x + attention(attentionNorm(x), mask: AttentionMask(isCausal: true))
      return y + feedForward(feedForwardNorm(y))
    }
  }

  let configuration: TinyGPTConfiguration
  let embedding: Embedding
  let positions: LearnedPositions
  let blocks: [Block]
  let norm: LayerNorm
  var head: Linear? { nil }
  var recomputesBlocks = false

  init(_ configuration: TinyGPTConfiguration, using linear: LayerBuilder) {
    self.configuration = configuration
    embedding = Embedding(
      vocabularySize: configuration.vocabularySize, size: configuration.hiddenSize,
      initializer: .normal(standardDeviation: 0.02), using: linear)
    positions = LearnedPositions(
      count: configuration.maxPositions, size: configuration.hiddenSize, using: linear)
    blocks = (0..<configuration.blockCount).map { _ in Block(configuration, using: linear) }
    norm = LayerNorm(configuration.hiddenSize)
    nameParameters()
  }

  func hiddenStates(_ tokens: Tensor<Int32>) -> Variable {
    var x = positions(embedding(tokens))
    for block in blocks {
      let input = x
      x = recomputesBlocks ? checkpointed { block(input) } : block(input)
    }
    return norm(x)
  }
}

extension ModelFamily {
  static let tinyGPT = ModelFamily("tiny-gpt") { document throws(TensorFileError) in
    try TinyGPTConfiguration(document)
  }
}
