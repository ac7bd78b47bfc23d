public import Layers
public import Tensors

/// The sizes and constants of a text encoder (Devlin et al., 2018, arXiv 1810.04805).
public struct TextEncoderConfiguration: Sendable, Hashable {
  /// Whose names and positions it has.
  public var family: Family
  /// Number of different tokens.
  public var vocabularySize: Int
  /// Size of the vector of a token.
  public var hiddenSize: Int
  /// Size inside the feed-forward layers.
  public var intermediateSize: Int
  /// Number of blocks.
  public var layers: Int
  /// Number of heads.
  public var heads: Int
  /// The longest sequence.
  public var maxPositions: Int
  /// Number of kinds of segments: 2 for pairs of texts, 0 for a model that does not tell them apart.
  public var segments: Int
  /// Added to the variance in the norms.
  public var layerNormEpsilon: Double
  /// The function in the feed-forward layers.
  public var activation: Activation
  /// The share of elements that dropout sets to 0 in training.
  public var dropout: Double
  /// The same before a classifier's last layer; `dropout` when nil.
  public var classifierDropout: Double?
  /// Standard deviation of the initial values of matrices.
  public var initializerDeviation: Double

  /// A configuration; the defaults are those of BERT's smaller model.
  public init(
    family: Family = .bert, vocabularySize: Int = 30_522, hiddenSize: Int = 768,
    intermediateSize: Int? = nil, layers: Int = 12, heads: Int = 12, maxPositions: Int = 512,
    segments: Int = 2, layerNormEpsilon: Double = 1e-12, activation: Activation = .gelu,
    dropout: Double = 0.1, initializerDeviation: Double = 0.02
  ) {
    self.family = family
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize ?? 4 * hiddenSize
    self.layers = layers
    self.heads = heads
    self.maxPositions = maxPositions
    self.segments = segments
    self.layerNormEpsilon = layerNormEpsilon
    self.activation = activation
    self.dropout = dropout
    self.initializerDeviation = initializerDeviation
  }

  /// The row of the first position in the table of positions.
  var positionOffset: Int { family.positionOffset }
}

extension TextEncoderConfiguration: TextModelConfiguration {
  /// That of the family.
  public var modelType: String { family.rawValue }
  /// `layers`.
  public var blockCount: Int {
    get { layers }
    set { layers = newValue }
  }
  /// There is no head for tokens.
  public var tiesEmbeddings: Bool { true }
  /// There is no head for tokens.
  public var predictsTokens: Bool { false }

  private var shapes: EncoderShapes {
    EncoderShapes(
      hiddenSize: hiddenSize, intermediateSize: intermediateSize, layers: layers,
      names: family.names)
  }

  /// The linear layers of all blocks.
  public var linearShapes: [LinearShape] { shapes.linear }

  /// The names and shapes of the model's tensors.
  public var tensorShapes: [(name: String, shape: Shape)] {
    shapes.embeddings(
      tokens: vocabularySize, positions: maxPositions + positionOffset, segments: segments)
      + shapes.blocks
  }

  /// With h hidden and f intermediate, a block keeps 6 h + f + heads + 4 elements for each token: the
  /// inputs of its norms with two numbers a row, queries, keys, values, the attention's output with one
  /// number a head, and what the feed-forward's function is of. On the way back through the down
  /// projection there are h + 2 f more.
  public var activations: BlockActivations {
    BlockActivations(
      kept: 6 * hiddenSize + intermediateSize + heads + 4,
      backward: hiddenSize + 2 * intermediateSize, attentionWidth: hiddenSize)
  }

  /// By the first token's vector, through a layer and the function that the family has.
  public var classification: ClassifierLayout {
    let dropout = classifierDropout ?? dropout
    return switch family {
    case .bert:
      ClassifierLayout(
        architecture: "BertForSequenceClassification", bodyName: "bert",
        pooler: .init("bert.pooler.dense"), dropout: dropout)
    case .roberta, .xlmRoberta:
      ClassifierLayout(
        architecture: (family == .roberta ? "Roberta" : "XLMRoberta") + "ForSequenceClassification",
        bodyName: "roberta", pooler: .init("classifier.dense", dropout: dropout),
        classifier: "classifier.out_proj", dropout: dropout)
    case .distilBERT:
      ClassifierLayout(
        architecture: "DistilBertForSequenceClassification", bodyName: "distilbert",
        pooler: .init("pre_classifier", activation: .relu), dropout: classifierDropout ?? 0.2)
    }
  }

  /// A `TextEncoder`.
  public func makeTextModel(using linear: LayerBuilder) -> any TextModel {
    TextEncoder(self, using: linear)
  }
}
