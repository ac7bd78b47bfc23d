public import Autodiff
public import Layers
public import Tensors

/// A decoder-only language model of the Llama kind (Touvron et al., 2023, arXiv 2302.13971): RMSNorm
/// before each part, rotary positions, grouped queries, a gated feed-forward; and what its configuration
/// chooses besides.
///
/// Names are those of Hugging Face's checkpoints. The seven linear layers of each block are made by
/// the layer builder, and so dense or quantised as it says; embedding, norms and head are dense.
public struct Decoder: LanguageModel {
  /// The sizes and constants.
  public let configuration: DecoderConfiguration
  /// The vectors of the tokens, `[vocabulary, hidden]`.
  public let embedding: Embedding
  /// The blocks, first to last.
  public let blocks: [DecoderBlock]
  /// The norm before the head.
  public let norm: RMSNorm
  /// The head `[vocabulary, hidden]`; nil when the embedding serves.
  public let head: Linear?
  /// Whether training keeps only each block's input and computes the block again on the way back.
  public var recomputesBlocks = false

  /// A model with initial values drawn from `linear`'s random numbers.
  ///
  /// Layer by layer: a dense matrix that the builder packs is gone before the next is drawn.
  public init(_ configuration: DecoderConfiguration, using linear: LayerBuilder) {
    self.configuration = configuration
    let initializer = Initializer.normal(
      standardDeviation: Float(configuration.initializerDeviation))
    func matrix(_ name: String) -> Tensor<Float> {
      linear.tensor(
        [configuration.vocabularySize, configuration.hiddenSize], initializer, named: name)
    }
    let angles = RotaryAngles(
      positions: configuration.maxPositions, headSize: configuration.headSize,
      base: configuration.ropeTheta, scaling: configuration.ropeScaling)
    let windowAngles =
      configuration.windowRopeTheta.map {
        RotaryAngles(
          positions: configuration.maxPositions, headSize: configuration.headSize, base: $0)
      } ?? angles
    embedding = Embedding(weight: matrix("model.embed_tokens.weight"))
    embedding.weight.storage = linear.storage
    blocks = (0..<configuration.layers).map { index in
      linear.within("model.layers.\(index)") {
        let kind = configuration.kind(ofBlock: index)
        return DecoderBlock(
          configuration, kind, angles: kind.isWindowed ? windowAngles : angles,
          initializer: initializer, using: linear)
      }
    }
    norm = configuration.norm()
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
      """
      Decoder: tokens \(tokens.shape) are not [batch, at most \(configuration.maxPositions)]: the \
      \(configuration.modelType) was made for no longer sequence
      """)
    var x = embed(tokens)
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
      "Decoder: tokens \(tokens.shape), \(caches.count) caches for \(blocks.count) blocks")
    return withoutGradient {
      var x = embed(tokens)
      for (index, block) in blocks.enumerated() { x = block(x, cache: &caches[index]) }
      return norm(x)
    }
  }

  private func embed(_ tokens: Tensor<Int32>) -> Variable {
    let x = embedding(tokens)
    return configuration.embeddingScale == 1 ? x : x * configuration.embeddingScale
  }

  /// The bound that logits are softly held within; nil for none.
  public var logitCap: Double? { configuration.logitCap }

  /// Empty caches for texts of up to `capacity` tokens, as many as `padding` has numbers: those of
  /// places in front of each that hold no token, so that texts of several lengths end together.
  public func makeCaches(capacity: Int, padding: [Int] = [0]) -> [KeyValueCache] {
    precondition(
      capacity <= configuration.maxPositions,
      "Decoder: \(capacity) places are more than \(configuration.maxPositions)")
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
