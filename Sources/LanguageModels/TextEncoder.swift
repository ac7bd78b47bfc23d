public import Autodiff
public import Layers
public import Tensors

/// A bidirectional encoder of texts (Devlin et al., 2018, arXiv 1810.04805): learned positions, layer
/// norm after each part, attention to all tokens, biases.
///
/// Names are those of Hugging Face's BERT and RoBERTa. The layer builder makes the six linear layers of
/// each block, dense or quantised. In training mode dropout follows the embeddings, each attention and
/// each feed-forward, but is not applied to the attention's weights.
public struct TextEncoder: Module {
  /// The sizes and constants.
  public let configuration: TextEncoderConfiguration
  /// The vectors of the tokens, `[vocabulary, hidden]`.
  public let embedding: Embedding
  /// The vectors of the positions.
  public let positions: LearnedPositions
  /// The vectors of the segments, `[segments, hidden]`.
  public let segments: Embedding
  /// The norm of the embeddings' sum.
  public let norm: LayerNorm
  /// The blocks, first to last.
  public let blocks: [TextEncoderBlock]
  /// Whether training keeps only each block's input and recomputes the block in the backward pass.
  public var recomputesBlocks = false

  /// A model with initial values drawn from `linear`'s random numbers.
  public init(_ configuration: TextEncoderConfiguration, using linear: LayerBuilder) {
    self.configuration = configuration
    let size = configuration.hiddenSize
    let initializer = Initializer.normal(
      standardDeviation: Float(configuration.initializerDeviation))
    embedding = Embedding(
      vocabularySize: configuration.vocabularySize, size: size, initializer: initializer,
      using: linear)
    positions = LearnedPositions(
      count: configuration.maxPositions, size: size, offset: configuration.positionOffset,
      initializer: initializer, using: linear)
    segments = Embedding(
      vocabularySize: configuration.segments, size: size, initializer: initializer, using: linear)
    norm = LayerNorm(size, epsilon: configuration.layerNormEpsilon)
    blocks = (0..<configuration.layers).map { _ in
      TextEncoderBlock(configuration, initializer: initializer, using: linear)
    }
    nameParameters()
  }

  /// The parts under Hugging Face's names.
  public var members: [ModuleMember] {
    [
      ModuleMember("embeddings.word_embeddings", embedding),
      ModuleMember("embeddings.position_embeddings", positions),
      ModuleMember("embeddings.token_type_embeddings", segments),
      ModuleMember("embeddings.LayerNorm", norm),
    ] + ModuleMember.list("encoder.layer", blocks)
  }

  /// The vectors `[batch, tokens, hidden]` of tokens `[batch, tokens]`.
  ///
  /// - Parameters:
  ///   - tokens: The ids, with padding at the end of each text.
  ///   - visible: `[batch, tokens]`, the tokenizer's attention mask: 1 for a token, 0 for padding, whose
  ///     vectors are to be ignored. No padding when left out.
  ///   - segments: `[batch, tokens]`; 0 when left out.
  ///
  /// Traps on other shapes, a token outside the vocabulary and more tokens than `maxPositions`.
  public func callAsFunction(
    _ tokens: Tensor<Int32>, visible: Tensor<UInt8>? = nil, segments: Tensor<Int32>? = nil
  ) -> Variable {
    precondition(
      tokens.rank == 2 && (visible?.shape ?? tokens.shape) == tokens.shape
        && (segments?.shape ?? tokens.shape) == tokens.shape,
      """
      TextEncoder: tokens \(tokens.shape), visible \(visible?.shape ?? tokens.shape), segments \
      \(segments?.shape ?? tokens.shape)
      """)
    let mask = AttentionMask(isCausal: false, visibleKeys: visible)
    let dropout = Dropout(configuration.dropout)
    let kinds = self.segments(segments ?? .zeros(tokens.shape))
    var x = dropout(norm(positions(embedding(tokens) + kinds)))
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

  init(
    _ configuration: TextEncoderConfiguration, initializer: Initializer, using linear: LayerBuilder
  ) {
    let size = configuration.hiddenSize
    attention = SelfAttention(
      hiddenSize: size, heads: configuration.heads, initializer: initializer, using: linear)
    attentionNorm = LayerNorm(size, epsilon: configuration.layerNormEpsilon)
    feedForward = FeedForward(
      hiddenSize: size, intermediateSize: configuration.intermediateSize,
      activation: configuration.activation, initializer: initializer, using: linear)
    feedForwardNorm = LayerNorm(size, epsilon: configuration.layerNormEpsilon)
    dropout = Dropout(configuration.dropout)
  }

  /// The parts under Hugging Face's names.
  public var members: [ModuleMember] {
    [
      ModuleMember("attention.self.query", attention.query),
      ModuleMember("attention.self.key", attention.key),
      ModuleMember("attention.self.value", attention.value),
      ModuleMember("attention.output.dense", attention.output),
      ModuleMember("attention.output.LayerNorm", attentionNorm),
      ModuleMember("intermediate.dense", feedForward.up),
      ModuleMember("output.dense", feedForward.down),
      ModuleMember("output.LayerNorm", feedForwardNorm),
    ]
  }

  /// x `[batch, tokens, hidden]` to the same shape.
  public func callAsFunction(_ x: Variable, mask: AttentionMask) -> Variable {
    let y = attentionNorm(x + dropout(attention(x, mask: mask)))
    return feedForwardNorm(y + dropout(feedForward(y)))
  }
}
