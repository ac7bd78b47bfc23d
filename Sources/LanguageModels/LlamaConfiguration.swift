/// The sizes and constants of a Llama (Touvron et al., 2023, arXiv 2302.13971).
public struct LlamaConfiguration: Sendable, Hashable {
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
  /// Number of key and value heads; `heads` is a multiple.
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

extension LlamaConfiguration {
  /// The presets by name, smallest first: the sizes of LoQT's experiments (arXiv 2405.16528), and for
  /// 3b those of OpenLLaMA 3B (Geng and Liu, 2023). A vocabulary of 32,000, an untied head.
  public static let presets: [(name: String, configuration: LlamaConfiguration)] = [
    ("9m", LlamaConfiguration(hiddenSize: 128, intermediateSize: 352, layers: 4, heads: 4)),
    ("20m", LlamaConfiguration(hiddenSize: 256, intermediateSize: 688, layers: 4, heads: 4)),
    ("60m", LlamaConfiguration(hiddenSize: 512, intermediateSize: 1376, layers: 8, heads: 8)),
    ("130m", LlamaConfiguration(hiddenSize: 768, intermediateSize: 2048, layers: 12, heads: 12)),
    ("350m", LlamaConfiguration(hiddenSize: 1024, intermediateSize: 2736, layers: 24, heads: 16)),
    ("1b", LlamaConfiguration(hiddenSize: 2048, intermediateSize: 5461, layers: 24, heads: 32)),
    ("3b", LlamaConfiguration(hiddenSize: 3200, intermediateSize: 8640, layers: 26, heads: 32)),
    ("7b", LlamaConfiguration(hiddenSize: 4096, intermediateSize: 11_008, layers: 32, heads: 32)),
    ("13b", LlamaConfiguration(hiddenSize: 5120, intermediateSize: 13_824, layers: 40, heads: 40)),
  ]

  /// The preset of a name, nil when there is none; `presets` lists them.
  public static func preset(_ name: String) -> LlamaConfiguration? {
    presets.first { $0.name == name }?.configuration
  }
}
