public import Autodiff
public import Layers
public import Tensors

/// GPT-2 (Radford et al., 2019): learned positions, layer norm before each part, biases.
///
/// Its matrices are `[out, in]`, with separate ones for queries, keys and values, as in all models here.
/// Published files hold them transposed and fused, and are converted on reading.
public struct GPT2: TransformerLanguageModel {
  /// The sizes and constants.
  public let configuration: GPT2Configuration
  /// The vectors of the tokens, `[vocabulary, hidden]`.
  public let embedding: Embedding
  /// The vectors of the positions.
  public let positions: LearnedPositions
  /// The blocks, first to last.
  public let blocks: [GPT2Block]
  /// The norm before the head.
  public let norm: LayerNorm
  /// The head `[vocabulary, hidden]`; nil when it is tied to the embedding.
  public let head: Linear?
  /// Whether training keeps only each block's input and recomputes the block in the backward pass.
  public var recomputesBlocks = false

  /// A model with initial values drawn from `linear`'s random numbers.
  public init(_ configuration: GPT2Configuration, using linear: LayerBuilder) {
    self.configuration = configuration
    let initializer = Initializer.normal(
      standardDeviation: Float(configuration.initializerDeviation))
    let table: Shape = [configuration.vocabularySize, configuration.hiddenSize]
    embedding = Embedding(
      weight: linear.tensor(table, initializer, named: "transformer.wte.weight"))
    embedding.weight.storage = linear.storage
    positions = LearnedPositions(
      count: configuration.maxPositions, size: configuration.hiddenSize, initializer: initializer,
      named: "transformer.wpe.weight", using: linear)
    positions.weight.storage = linear.storage
    blocks = (0..<configuration.layers).map { index in
      linear.within("transformer.h.\(index)") {
        GPT2Block(configuration, initializer: initializer, using: linear)
      }
    }
    norm = LayerNorm(configuration.hiddenSize, epsilon: configuration.layerNormEpsilon)
    head =
      configuration.tiesEmbeddings
      ? nil : Linear(weight: linear.tensor(table, initializer, named: "lm_head.weight"))
    head?.weight.storage = linear.storage
    nameParameters()
  }

  /// The parts, under Hugging Face's names where files and model agree.
  public var members: [ModuleMember] {
    [ModuleMember("transformer.wte", embedding), ModuleMember("transformer.wpe", positions)]
      + ModuleMember.list("transformer.h", blocks) + [ModuleMember("transformer.ln_f", norm)]
      + (head.map { [ModuleMember("lm_head", $0)] } ?? [])
  }

  /// The vectors of the tokens and of their positions, added. Traps on a token outside the vocabulary.
  public func embed(_ tokens: Tensor<Int32>, at positions: Tensor<Int32>?) -> Variable {
    let x = embedding(tokens)
    return positions.map { self.positions(x, at: $0) } ?? self.positions(x)
  }
}

/// One block of a `GPT2`: attention and feed-forward, each added to its input.
public struct GPT2Block: TransformerBlock {
  /// The norm before the attention.
  public let attentionNorm: LayerNorm
  /// The attention.
  public let attention: CausalSelfAttention
  /// The norm before the feed-forward.
  public let feedForwardNorm: LayerNorm
  /// The feed-forward.
  public let feedForward: FeedForward

  init(_ configuration: GPT2Configuration, initializer: Initializer, using linear: LayerBuilder) {
    let size = configuration.hiddenSize
    var options = CausalSelfAttention.Options()
    options.bias = true
    options.outputBias = true
    attentionNorm = LayerNorm(size, epsilon: configuration.layerNormEpsilon)
    attention = linear.within("attn") {
      CausalSelfAttention(
        hiddenSize: size, heads: configuration.heads, keyHeads: configuration.heads,
        headSize: configuration.headSize, angles: nil, options: options, initializer: initializer,
        using: linear)
    }
    feedForwardNorm = LayerNorm(size, epsilon: configuration.layerNormEpsilon)
    feedForward = linear.within("mlp") {
      FeedForward(
        hiddenSize: size, intermediateSize: configuration.intermediateSize,
        activation: configuration.activation, initializer: initializer,
        names: ("up_proj", "down_proj"), using: linear)
    }
  }

  /// The norms under Hugging Face's names, the matrices under those of other models.
  public var members: [ModuleMember] {
    [
      ModuleMember("ln_1", attentionNorm), ModuleMember("attn", attention),
      ModuleMember("ln_2", feedForwardNorm), ModuleMember("mlp.up_proj", feedForward.up),
      ModuleMember("mlp.down_proj", feedForward.down),
    ]
  }

  /// x `[batch, tokens, hidden]` to the same shape.
  public func callAsFunction(_ x: Variable) -> Variable {
    let y = x + attention(attentionNorm(x))
    return y + feedForward(feedForwardNorm(y))
  }

  /// x `[batch, tokens, hidden]` of the tokens that follow those in `cache`, to the same shape,
  /// without a gradient.
  public func callAsFunction(_ x: Variable, cache: inout KeyValueCache) -> Variable {
    withoutGradient {
      let y = x + attention(attentionNorm(x), cache: &cache)
      return y + feedForward(feedForwardNorm(y))
    }
  }
}
