public import Autodiff
public import Layers
public import Tensors

/// A bidirectional encoder of texts (Devlin et al., 2018, arXiv 1810.04805): learned positions, layer
/// norm after each part, attention to all tokens, biases.
///
/// Names are those of Hugging Face's models of the configuration's family. The six linear layers of each
/// block are made by the layer builder, and so dense or quantised as it says. In training mode dropout
/// follows the embeddings, each attention and each feed-forward; the weights of the attention are not
/// dropped.
public struct TextEncoder: TextModel {
  /// The sizes and constants.
  public let configuration: TextEncoderConfiguration
  /// The vectors of the tokens, `[vocabulary, hidden]`.
  public let embedding: Embedding
  /// The vectors of the positions.
  public let positions: LearnedPositions
  /// The vectors of the segments, `[segments, hidden]`; nil for a model that does not tell them apart.
  public let segments: Embedding?
  /// The norm of the embeddings' sum.
  public let norm: LayerNorm
  /// The blocks, first to last.
  public let blocks: [TextEncoderBlock]
  /// Whether training keeps only each block's input and recomputes the block in the backward pass.
  public var recomputesBlocks = false

  /// A model with initial values drawn from `linear`'s random numbers.
  public init(_ configuration: TextEncoderConfiguration, using linear: LayerBuilder) {
    self.configuration = configuration
    let (size, names) = (configuration.hiddenSize, configuration.family.names)
    let initializer = Initializer.normal(
      standardDeviation: Float(configuration.initializerDeviation))
    embedding = Embedding(
      vocabularySize: configuration.vocabularySize, size: size, initializer: initializer,
      named: names.tokens + ".weight", using: linear)
    positions = LearnedPositions(
      count: configuration.maxPositions, size: size, offset: configuration.positionOffset,
      initializer: initializer, named: names.positions + ".weight", using: linear)
    segments =
      configuration.segments == 0
      ? nil
      : Embedding(
        vocabularySize: configuration.segments, size: size, initializer: initializer,
        named: names.segments + ".weight", using: linear)
    for table in [embedding.weight, positions.weight, segments?.weight].compactMap({ $0 }) {
      table.storage = linear.storage
    }
    norm = LayerNorm(size, epsilon: configuration.layerNormEpsilon)
    blocks = (0..<configuration.layers).map { index in
      linear.within("\(names.blocks).\(index)") {
        TextEncoderBlock(configuration, initializer: initializer, using: linear)
      }
    }
    nameParameters()
  }

  /// The parts under Hugging Face's names.
  public var members: [ModuleMember] {
    let names = configuration.family.names
    return [ModuleMember(names.tokens, embedding), ModuleMember(names.positions, positions)]
      + (segments.map { [ModuleMember(names.segments, $0)] } ?? [])
      + [ModuleMember(names.norm, norm)] + ModuleMember.list(names.blocks, blocks)
  }

  /// The vectors `[texts, tokens, hidden]` of the tokens of some texts; those of padding are to be
  /// ignored. Traps on a token outside the vocabulary and on more tokens than `maxPositions`.
  public func hiddenStates(_ texts: TextBatch) -> Variable {
    let mask = AttentionMask(isCausal: false, visibleKeys: texts.visible)
    let dropout = Dropout(configuration.dropout)
    var x = embedding(texts.tokens)
    if let segments { x = x + segments(texts.segments ?? .zeros(texts.tokens.shape)) }
    x = dropout(norm(positions(x)))
    for block in blocks {
      let input = x
      x = recomputesBlocks ? checkpointed { block(input, mask: mask) } : block(input, mask: mask)
    }
    return x
  }
}

/// One block of a `TextEncoder`: attention and feed-forward, each added to its input and normalised.
public struct TextEncoderBlock: Module {
  /// The attention.
  public let attention: SelfAttention
  /// The norm after the attention.
  public let attentionNorm: LayerNorm
  /// The feed-forward.
  public let feedForward: FeedForward
  /// The norm after the feed-forward.
  public let feedForwardNorm: LayerNorm
  /// The dropout after the attention and the feed-forward.
  public let dropout: Dropout
  private let names: TextEncoderConfiguration.Family.Names

  init(
    _ configuration: TextEncoderConfiguration, initializer: Initializer, using linear: LayerBuilder
  ) {
    let size = configuration.hiddenSize
    names = configuration.family.names
    attention = SelfAttention(
      hiddenSize: size, heads: configuration.heads, initializer: initializer,
      names: (names.query, names.key, names.value, names.output), using: linear)
    attentionNorm = LayerNorm(size, epsilon: configuration.layerNormEpsilon)
    feedForward = FeedForward(
      hiddenSize: size, intermediateSize: configuration.intermediateSize,
      activation: configuration.activation, initializer: initializer,
      names: (names.up, names.down), using: linear)
    feedForwardNorm = LayerNorm(size, epsilon: configuration.layerNormEpsilon)
    dropout = Dropout(configuration.dropout)
  }

  /// The parts under Hugging Face's names.
  public var members: [ModuleMember] {
    [
      ModuleMember(names.query, attention.query),
      ModuleMember(names.key, attention.key),
      ModuleMember(names.value, attention.value),
      ModuleMember(names.output, attention.output),
      ModuleMember(names.attentionNorm, attentionNorm),
      ModuleMember(names.up, feedForward.up),
      ModuleMember(names.down, feedForward.down),
      ModuleMember(names.feedForwardNorm, feedForwardNorm),
    ]
  }

  /// x `[batch, tokens, hidden]` to the same shape.
  public func callAsFunction(_ x: Variable, mask: AttentionMask) -> Variable {
    let y = attentionNorm(x + dropout(attention(x, mask: mask)))
    return feedForwardNorm(y + dropout(feedForward(y)))
  }
}
