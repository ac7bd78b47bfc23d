internal import Layers
internal import Tensors

/// The names and shapes of the tensors that encoders of BERT's kind have in common.
struct EncoderShapes {
  let hiddenSize: Int
  let intermediateSize: Int
  let layers: Int
  let names: TextEncoderConfiguration.Family.Names

  /// The linear layers of all blocks.
  var linear: [LinearShape] { (0..<layers).flatMap { _ in linearOfBlock } }

  private var linearOfBlock: [LinearShape] {
    [names.query, names.key, names.value, names.output].map {
      LinearShape($0, out: hiddenSize, in: hiddenSize)
    } + [
      LinearShape(names.up, out: intermediateSize, in: hiddenSize),
      LinearShape(names.down, out: hiddenSize, in: intermediateSize),
    ]
  }

  /// The tables that are there, those of 0 rows left out, and the norm of their sum.
  func embeddings(tokens: Int, positions: Int, segments: Int) -> [(name: String, shape: Shape)] {
    [(names.tokens, tokens), (names.positions, positions), (names.segments, segments)]
      .filter { $0.1 > 0 }
      .map { (name: $0.0 + ".weight", shape: [$0.1, hiddenSize]) }
      + Self.layer(names.norm, [hiddenSize])
  }

  /// All blocks.
  var blocks: [(name: String, shape: Shape)] {
    let block =
      linearOfBlock.flatMap { Self.layer($0.name, [$0.out, $0.in]) }
      + [names.attentionNorm, names.feedForwardNorm].flatMap { Self.layer($0, [hiddenSize]) }
    return (0..<layers).flatMap { index in
      block.map { (name: "\(names.blocks).\(index).\($0.name)", shape: $0.shape) }
    }
  }

  /// The weight and the bias of a layer.
  static func layer(_ name: String, _ weight: Shape) -> [(name: String, shape: Shape)] {
    [(name + ".weight", weight), (name + ".bias", [weight[0]])]
  }
}
