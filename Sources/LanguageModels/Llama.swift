public import Autodiff
public import Layers
public import Tensors

/// A decoder-only language model (Touvron et al., 2023, arXiv 2302.13971): RMSNorm before each part,
/// rotary positions, grouped queries, SwiGLU, no biases.
///
/// Names are those of Hugging Face's checkpoints. The seven linear layers of each block are made by
/// the layer builder, and so dense or quantised as it says; embedding, norms and head are dense.
public struct Llama: LanguageModel {
  /// The sizes and constants.
  public let configuration: LlamaConfiguration
  /// The vectors of the tokens, `[vocabulary, hidden]`.
  public let embedding: Embedding
  /// The blocks, first to last.
  public let blocks: [LlamaBlock]
  /// The norm before the head.
  public let norm: RMSNorm
  /// The head `[vocabulary, hidden]`; nil when the embedding serves.
  public let head: Linear?
  /// Whether training keeps only each block's input and computes the block again on the way back.
  public var recomputesBlocks = false

  /// A model with initial values drawn from `linear`'s random numbers.
  ///
  /// Layer by layer: a dense matrix that the builder packs is gone before the next is drawn.
  public init(_ configuration: LlamaConfiguration, using linear: LayerBuilder) {
    self.configuration = configuration
    let initializer = Initializer.normal(
      standardDeviation: Float(configuration.initializerDeviation))
    func matrix(_ name: String) -> Tensor<Float> {
      linear.tensor(
        [configuration.vocabularySize, configuration.hiddenSize], initializer, named: name)
    }
    let angles = RotaryAngles(
      positions: configuration.maxPositions, headSize: configuration.headSize,
      base: configuration.ropeTheta)
    embedding = Embedding(weight: matrix("model.embed_tokens.weight"))
    embedding.weight.storage = linear.storage
    blocks = (0..<configuration.layers).map { index in
      linear.within("model.layers.\(index)") {
        LlamaBlock(configuration, angles: angles, initializer: initializer, using: linear)
      }
    }
    norm = RMSNorm(configuration.hiddenSize, epsilon: configuration.rmsNormEpsilon)
    head = configuration.tiesEmbeddings ? nil : Linear(weight: matrix("lm_head.weight"))
    head?.weight.storage = linear.storage
    nameParameters()
  }

  /// As Hugging Face names them.
  public var members: [ModuleMember] {
    [ModuleMember("model.embed_tokens", embedding)] + ModuleMember.list("model.layers", blocks)
      + [ModuleMember("model.norm", norm)] + (head.map { [ModuleMember("lm_head", $0)] } ?? [])
  }

  /// What the head sees of tokens `[batch, tokens]`: `[batch, tokens, hidden]`. Traps on a token
  /// outside the vocabulary and on more tokens than `maxPositions`.
  public func hiddenStates(_ tokens: Tensor<Int32>) -> Variable {
    precondition(
      tokens.rank == 2 && tokens.shape[1] <= configuration.maxPositions,
      "Llama: tokens \(tokens.shape) are not [batch, at most \(configuration.maxPositions)]")
    var x = embedding(tokens)
    for block in blocks {
      let input = x
      x = recomputesBlocks ? checkpointed { block(input) } : block(input)
    }
    return norm(x)
  }

  /// `hiddenStates` of the tokens `[batch, tokens]` that follow those in `caches`, one a block as
  /// `makeCaches` gives them, without a gradient. Traps on a token outside the vocabulary and when the
  /// caches have no room.
  public func hiddenStates(_ tokens: Tensor<Int32>, caches: inout [KeyValueCache]) -> Variable {
    precondition(
      tokens.rank == 2 && caches.count == blocks.count,
      "Llama: tokens \(tokens.shape), \(caches.count) caches for \(blocks.count) blocks")
    return withoutGradient {
      var x = embedding(tokens)
      for (index, block) in blocks.enumerated() { x = block(x, cache: &caches[index]) }
      return norm(x)
    }
  }

  /// Empty caches for texts of up to `capacity` tokens, as many as `padding` has numbers: those of
  /// places in front of each that hold no token, so that texts of several lengths end together.
  public func makeCaches(capacity: Int, padding: [Int] = [0]) -> [KeyValueCache] {
    precondition(
      capacity <= configuration.maxPositions,
      "Llama: \(capacity) places are more than \(configuration.maxPositions)")
    return blocks.map { _ in
      KeyValueCache(
        capacity: capacity, padding: padding, keyHeads: configuration.keyHeads,
        headSize: configuration.headSize)
    }
  }

  /// Sets each dense parameter to the tensor of its Hugging Face name; a tied model passes over a
  /// head of its own. What the linear layers hold beside parameters is not touched.
  ///
  /// - Parameters:
  ///   - names: The names of all tensors there are.
  ///   - tensor: Reads one of them.
  /// - Returns: The names that were missing and those that were not expected.
  /// - Throws: What `tensor` throws.
  public func loadWeights(
    named names: some Sequence<String>, from tensor: (String) throws -> Tensor<Float>
  ) throws -> ParameterLoadReport {
    try loadParameters(
      named: names.filter { head != nil || $0 != "lm_head.weight" }, from: tensor)
  }
}

/// One block of a `Llama`: attention and feed-forward, each added to its input.
public struct LlamaBlock: Module {
  /// The norm before the attention.
  public let attentionNorm: RMSNorm
  /// The attention.
  public let attention: CausalSelfAttention
  /// The norm before the feed-forward.
  public let feedForwardNorm: RMSNorm
  /// The feed-forward.
  public let feedForward: SwiGLUFeedForward

  init(
    _ configuration: LlamaConfiguration, angles: RotaryAngles, initializer: Initializer,
    using linear: LayerBuilder
  ) {
    let size = configuration.hiddenSize
    attentionNorm = RMSNorm(size, epsilon: configuration.rmsNormEpsilon)
    attention = linear.within("self_attn") {
      CausalSelfAttention(
        hiddenSize: size, heads: configuration.heads, keyHeads: configuration.keyHeads,
        angles: angles, initializer: initializer, using: linear)
    }
    feedForwardNorm = RMSNorm(size, epsilon: configuration.rmsNormEpsilon)
    feedForward = linear.within("mlp") {
      SwiGLUFeedForward(
        hiddenSize: size, intermediateSize: configuration.intermediateSize,
        initializer: initializer, using: linear)
    }
  }

  /// As Hugging Face names them.
  public var members: [ModuleMember] {
    [
      ModuleMember("input_layernorm", attentionNorm), ModuleMember("self_attn", attention),
      ModuleMember("post_attention_layernorm", feedForwardNorm), ModuleMember("mlp", feedForward),
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
