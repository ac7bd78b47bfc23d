public import Autodiff
public import Layers
public import Tensors

/// The sizes and constants of a `Decoder`: those of a Llama (Touvron et al., 2023, arXiv 2302.13971),
/// and the options by which other families differ from it, whose defaults are a Llama's.
public struct DecoderConfiguration: Sendable, Hashable {
  /// How a block's attention differs from that of other blocks.
  public struct BlockKind: Sendable, Hashable {
    /// Whether tokens attend only to the last `window` tokens.
    public var isWindowed: Bool
    /// Whether queries and keys are rotated by their positions.
    public var isRotated: Bool

    /// A kind of block.
    public init(isWindowed: Bool = false, isRotated: Bool = true) {
      self.isWindowed = isWindowed
      self.isRotated = isRotated
    }
  }

  /// The family that decides the names and fields in files.
  public var family = DecoderFamily.llama
  /// Number of different tokens.
  public var vocabularySize: Int
  /// Size of the vector of a token.
  public var hiddenSize: Int
  /// Size inside the feed-forward layers.
  public var intermediateSize: Int
  /// Number of blocks.
  public var layers: Int
  /// Number of query heads.
  public var heads: Int
  /// Number of key and value heads, a divisor of `heads`.
  public var keyHeads: Int
  /// Size of a head.
  public var headSize: Int
  /// The longest sequence.
  public var maxPositions: Int
  /// Added to the mean square in the norms.
  public var rmsNormEpsilon: Double
  /// The base of the rotary frequencies.
  public var ropeTheta: Double
  /// Whether the head is the transposed embedding.
  public var tiesEmbeddings: Bool
  /// Standard deviation of the initial values of matrices.
  public var initializerDeviation: Double

  /// How the rotary frequencies are changed for long texts.
  public var ropeScaling = RotaryScaling.none
  /// The base of the rotary frequencies of windowed blocks, unscaled; `ropeTheta` when nil.
  public var windowRopeTheta: Double?
  /// Whether queries, keys and values have biases.
  public var hasAttentionBias = false
  /// Whether the attention's output projection has a bias.
  public var hasOutputBias = false
  /// Whether the feed-forward's matrices have biases.
  public var hasFeedForwardBias = false
  /// Whether each head of queries and keys is normalised.
  public var normalizesHeads = false
  /// Whether a norm also follows the attention and the feed-forward.
  public var normalizesOutputs = false
  /// Added to the norms' weights: 1 for files that hold weights minus one.
  public var normOffset = 0.0
  /// The function of the feed-forward's gate.
  public var activation = Activation.silu
  /// The factor of the tokens' vectors.
  public var embeddingScale = 1.0
  /// How the products of queries and keys are scaled and capped.
  public var scores = AttentionScores()
  /// The soft cap of the logits; nil for none.
  public var logitCap: Double?
  /// The number of tokens, including itself, that a token of a windowed block attends to.
  public var window: Int?
  /// The kinds of the blocks, repeated cyclically; all plain when empty.
  public var blockKinds: [BlockKind] = []

  /// The kind of a block.
  public func kind(ofBlock index: Int) -> BlockKind {
    blockKinds.isEmpty ? BlockKind() : blockKinds[index % blockKinds.count]
  }

  /// A configuration; `keyHeads` and `headSize` follow from `heads` and `hiddenSize` when left out.
  public init(
    vocabularySize: Int = 32_000, hiddenSize: Int, intermediateSize: Int, layers: Int, heads: Int,
    keyHeads: Int? = nil, headSize: Int? = nil, maxPositions: Int = 2_048,
    rmsNormEpsilon: Double = 1e-6, ropeTheta: Double = 10_000, tiesEmbeddings: Bool = false,
    initializerDeviation: Double = 0.02
  ) {
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.layers = layers
    self.heads = heads
    self.keyHeads = keyHeads ?? heads
    self.headSize = headSize ?? hiddenSize / max(1, heads)
    self.maxPositions = maxPositions
    self.rmsNormEpsilon = rmsNormEpsilon
    self.ropeTheta = ropeTheta
    self.tiesEmbeddings = tiesEmbeddings
    self.initializerDeviation = initializerDeviation
  }
}
