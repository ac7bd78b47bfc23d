public import Autodiff
public import Layers
public import Tensors

/// A decoder-only language model of the Llama kind (Touvron et al., 2023, arXiv 2302.13971): RMSNorm
/// before each part, rotary positions, grouped-query attention and a gated feed-forward, with the
/// variations that its configuration selects.
///
/// Names are those of Hugging Face's checkpoints. The layer builder makes the seven linear layers of
/// each block, dense or quantised; embedding, norms and head are dense.
public struct Decoder: TransformerLanguageModel {
  /// The sizes and constants.
  public let configuration: DecoderConfiguration
  /// The vectors of the tokens, `[vocabulary, hidden]`.
  public let embedding: Embedding
  /// The blocks, first to last.
  public let blocks: [DecoderBlock]
  /// The norm before the head.
  public let norm: RMSNorm
  /// The head `[vocabulary, hidden]`; nil when it is tied to the embedding.
  public let head: Linear?
  /// Whether training keeps only each block's input and recomputes the block in the backward pass.
  public var recomputesBlocks = false

  /// A model with initial values drawn from `linear`'s random numbers.
  ///
  /// Layers are made one by one: a dense matrix that the builder packs is freed before the next is drawn.
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

  /// The parts under Hugging Face's names.
  public var members: [ModuleMember] {
    [ModuleMember("model.embed_tokens", embedding)] + ModuleMember.list("model.layers", blocks)
      + [ModuleMember("model.norm", norm)] + (head.map { [ModuleMember("lm_head", $0)] } ?? [])
  }

  /// The vectors of the tokens, scaled as the configuration says. Traps on a token outside the vocabulary.
  public func embed(_ tokens: Tensor<Int32>, at positions: Tensor<Int32>?) -> Variable {
    let x = embedding(tokens)
    return configuration.embeddingScale == 1 ? x : x * configuration.embeddingScale
  }

  /// The soft cap of the logits; nil for none.
  public var logitCap: Double? { configuration.logitCap }

  /// Sets each dense parameter to the tensor of its Hugging Face name; a tied model ignores a head in
  /// the file. What the linear layers hold besides parameters is not touched.
  ///
  /// - Parameters:
  ///   - names: The names of all available tensors.
  ///   - tensor: Reads the tensor of a name.
  /// - Returns: The names that were missing and those that were not expected.
  /// - Throws: Whatever `tensor` throws.
  public func loadWeights(
    named names: some Sequence<String>, from tensor: (String) throws -> Tensor<Float>
  ) throws -> ParameterLoadReport {
    try loadParameters(
      named: names.filter { head != nil || $0 != "lm_head.weight" }, from: tensor)
  }
}
