public import Autodiff
public import Layers
public import Tensors

/// An encoder whose attention compares contents and relative positions apart: DeBERTa, in the form of
/// its second and third versions (He et al., 2020, arXiv 2006.03654; 2021, arXiv 2111.09543).
///
/// The vectors of the relative positions are one table for all blocks, which each block's query and key
/// layers take to its heads. Names are those of Hugging Face. In training mode dropout follows the
/// embeddings, the positions' table, each attention and each feed-forward; the weights of the attention are not dropped.
public struct DeBERTa: TextModel {
  /// The sizes and constants.
  public let configuration: DeBERTaConfiguration
  /// The vectors of the tokens, `[vocabulary, hidden]`.
  public let embedding: Embedding
  /// The vectors of the absolute positions; nil for a model that knows relative ones alone.
  public let positions: LearnedPositions?
  /// The vectors of the segments, `[segments, hidden]`; nil for a model that does not tell them apart.
  public let segments: Embedding?
  /// The norm of the embeddings' sum.
  public let norm: LayerNorm
  /// The blocks, first to last.
  public let blocks: [DeBERTaBlock]
  /// The vectors of the distances between tokens, `[2 span, hidden]`.
  public let distances: Parameter
  /// Their norm; nil for none.
  public let distanceNorm: LayerNorm?
  /// Whether training keeps only each block's input and computes the block again on the way back.
  public var recomputesBlocks = false

  /// A model with initial values drawn from `linear`'s random numbers.
  public init(_ configuration: DeBERTaConfiguration, using linear: LayerBuilder) {
    self.configuration = configuration
    let size = configuration.hiddenSize
    let initializer = Initializer.normal(
      standardDeviation: Float(configuration.initializerDeviation))
    embedding = Embedding(
      vocabularySize: configuration.vocabularySize, size: size, initializer: initializer,
      named: "embeddings.word_embeddings.weight", using: linear)
    positions =
      configuration.addsPositions
      ? LearnedPositions(
        count: configuration.maxPositions, size: size, initializer: initializer,
        named: "embeddings.position_embeddings.weight", using: linear) : nil
    segments =
      configuration.segments > 0
      ? Embedding(
        vocabularySize: configuration.segments, size: size, initializer: initializer,
        named: "embeddings.token_type_embeddings.weight", using: linear) : nil
    norm = LayerNorm(size, epsilon: configuration.layerNormEpsilon)
    blocks = (0..<configuration.layers).map { index in
      linear.within("encoder.layer.\(index)") {
        DeBERTaBlock(configuration, initializer: initializer, using: linear)
      }
    }
    distances = Parameter(
      linear.tensor(
        [2 * configuration.span, size], initializer, named: "encoder.rel_embeddings.weight"))
    distanceNorm =
      configuration.normalizesPositions
      ? LayerNorm(size, epsilon: configuration.layerNormEpsilon) : nil
    for table in [embedding.weight, positions?.weight, segments?.weight, distances] {
      table?.storage = linear.storage
    }
    nameParameters()
  }

  /// As Hugging Face names them.
  public var members: [ModuleMember] {
    [ModuleMember("embeddings.word_embeddings", embedding)]
      + (positions.map { [ModuleMember("embeddings.position_embeddings", $0)] } ?? [])
      + (segments.map { [ModuleMember("embeddings.token_type_embeddings", $0)] } ?? [])
      + [ModuleMember("embeddings.LayerNorm", norm)] + ModuleMember.list("encoder.layer", blocks)
      + [ModuleMember("encoder.rel_embeddings.weight", distances)]
      + (distanceNorm.map { [ModuleMember("encoder.LayerNorm", $0)] } ?? [])
  }

  /// The vectors `[texts, tokens, hidden]` of the tokens of some texts; those of padding are to be
  /// ignored. Traps on a token outside the vocabulary and on more tokens than `maxPositions`.
  public func hiddenStates(_ texts: TextBatch) -> Variable {
    let length = texts.tokens.shape[1]
    precondition(
      length <= configuration.maxPositions,
      "DeBERTa: \(length) tokens are more than the \(configuration.maxPositions) it was made for")
    let dropout = Dropout(configuration.dropout)
    var x = embedding(texts.tokens)
    if let positions { x = positions(x) }
    if let segments { x = x + segments(texts.segments ?? .zeros(texts.tokens.shape)) }
    x = dropout(norm(x))
    let (places, rows) = RelativePlaces.deBERTa(
      tokens: length, span: configuration.span, buckets: configuration.buckets,
      maxPositions: configuration.farthest)
    // The rows that occur; all others would take part in nothing.
    let table = Variable(distances).sliced(rows)
    let near = distanceNorm?(table) ?? table
    for block in blocks {
      let input = x
      func states() -> Variable {
        block(input, distances: dropout(near), places: places, visible: texts.visible)
      }
      x = recomputesBlocks ? checkpointed(states) : states()
    }
    return x
  }
}

/// One block of a `DeBERTa`: attention and feed-forward, each added to its input and normalised.
public struct DeBERTaBlock: Module {
  /// The projections of the attention, `[hidden]` to `[hidden]`.
  public let query, key, value, output: any LinearLayer
  /// The norm after the attention.
  public let attentionNorm: LayerNorm
  /// The feed-forward.
  public let feedForward: FeedForward
  /// The norm after the feed-forward.
  public let feedForwardNorm: LayerNorm
  private let configuration: DeBERTaConfiguration

  init(
    _ configuration: DeBERTaConfiguration, initializer: Initializer, using linear: LayerBuilder
  ) {
    self.configuration = configuration
    let (size, names) = (configuration.hiddenSize, DeBERTaConfiguration.names)
    func layer(_ name: String) -> any LinearLayer {
      linear(size, size, bias: true, initializer: initializer, named: name)
    }
    query = layer(names.query)
    key = layer(names.key)
    value = layer(names.value)
    output = layer(names.output)
    attentionNorm = LayerNorm(size, epsilon: configuration.layerNormEpsilon)
    feedForward = FeedForward(
      hiddenSize: size, intermediateSize: configuration.intermediateSize,
      activation: configuration.activation, initializer: initializer, names: (names.up, names.down),
      using: linear)
    feedForwardNorm = LayerNorm(size, epsilon: configuration.layerNormEpsilon)
  }

  /// As Hugging Face names them.
  public var members: [ModuleMember] {
    let names = DeBERTaConfiguration.names
    return [
      ModuleMember(names.query, query), ModuleMember(names.key, key),
      ModuleMember(names.value, value), ModuleMember(names.output, output),
      ModuleMember("attention.output.LayerNorm", attentionNorm),
      ModuleMember(names.up, feedForward.up), ModuleMember(names.down, feedForward.down),
      ModuleMember("output.LayerNorm", feedForwardNorm),
    ]
  }

  /// x `[texts, tokens, hidden]` to the same shape.
  ///
  /// - Parameters:
  ///   - x: The tokens' vectors.
  ///   - distances: The vectors of the distances that occur, `[rows, hidden]`.
  ///   - places: Which of them each distance has.
  ///   - visible: `[texts, tokens]`, 0 where a token is hidden; all are seen when nil.
  public func callAsFunction(
    _ x: Variable, distances: Variable, places: RelativePlaces, visible: Tensor<UInt8>?
  ) -> Variable {
    let dropout = Dropout(configuration.dropout)
    let y = attentionNorm(x + dropout(output(mixed(x, distances, places, visible))))
    return feedForwardNorm(y + dropout(feedForward(y)))
  }

  private func mixed(
    _ x: Variable, _ distances: Variable, _ places: RelativePlaces, _ visible: Tensor<UInt8>?
  ) -> Variable {
    let (heads, size) = (configuration.heads, configuration.headSize)
    let tokens = x.shape[0] * x.shape[1]
    let flat = x.reshaped(to: [tokens, -1])
    // A layer that merges within its backward pass must see all of its inputs at once.
    let joined = Variable.concatenated([flat, distances])
    func project(_ layer: any LinearLayer, _ hasPositions: Bool) -> (Variable, Variable?) {
      let y = layer(hasPositions ? joined : flat)
      let own = (hasPositions ? y.sliced(0..<tokens) : y)
        .reshaped(to: [x.shape[0], x.shape[1], heads, size])
      guard hasPositions else { return (own, nil) }
      return (
        own, y.sliced(tokens..<y.shape[0]).reshaped(to: [places.rowCount, heads, size])
      )
    }
    let (queries, positionQueries) = project(query, configuration.comparesKeys)
    let (keys, positionKeys) = project(key, configuration.comparesQueries)
    let (values, _) = project(value, false)
    let parts = 1 + (positionQueries == nil ? 0 : 1) + (positionKeys == nil ? 0 : 1)
    return disentangledAttention(
      queries: queries, keys: keys, values: values, positionKeys: positionKeys,
      positionQueries: positionQueries, places: places, visible: visible,
      scale: 1 / Double(parts * size).squareRoot()
    ).reshaped(to: [x.shape[0], x.shape[1], heads * size])
  }
}
