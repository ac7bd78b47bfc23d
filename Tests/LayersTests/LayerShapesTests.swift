import Autodiff
import Layers
import Tensors
import Testing

/// The gradients of every layer at twenty shapes.
@Suite struct LayerShapesTests {
  struct Size: Sendable, CustomStringConvertible {
    var batch, tokens, hidden, heads, keyHeads, headSize: Int

    var shape: Shape { [batch, tokens, hidden] }
    var description: String {
      "\(shape), \(heads) heads of \(headSize), \(keyHeads) key heads"
    }
  }

  /// Drawn at random once, not chosen.
  static let sizes: [Size] = {
    var random = RandomSource(seed: 20)
    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    return (0..<20).map { _ in
      let keyHeads = number(1...2)
      return Size(
        batch: number(1...2), tokens: number(1...4), hidden: number(1...4),
        heads: keyHeads * number(1...2), keyHeads: keyHeads, headSize: 2 * number(1...2))
    }
  }()

  @Test("Norms have the gradients of central differences", arguments: sizes)
  func norms(_ size: Size) {
    expectGradients(of: LayerNorm(size.hidden, epsilon: 0.1), at: size.shape) { $0($1) }
    expectGradients(of: LayerNorm(size.hidden, bias: false, epsilon: 0.1), at: size.shape) {
      $0($1)
    }
    expectGradients(of: RMSNorm(size.hidden, epsilon: 0.1), at: size.shape) { $0($1) }
  }

  @Test("Positions and embeddings have the gradients of central differences", arguments: sizes)
  func tables(_ size: Size) {
    let builder = LayerBuilder.dense(seed: 3)
    let positions = LearnedPositions(
      count: size.tokens + 1, size: size.hidden, offset: size.batch, using: builder)
    expectGradients(of: positions, at: size.shape) { $0($1) }
    let table = Embedding(vocabularySize: 5, size: size.hidden, using: builder)
    let indices = Tensor(
      (0..<size.batch * size.tokens).map { Int32($0 * 3 % 5) }, shape: [size.batch, size.tokens])
    expectGradients(of: table, at: size.shape) { $0(indices) * $1 }
  }

  @Test("Feed-forwards have the gradients of central differences", arguments: sizes)
  func feedForwards(_ size: Size) {
    let builder = LayerBuilder.dense(seed: 3)
    let inner = size.headSize + 1
    for activation in [Activation.gelu, .geluTanh] {
      let layer = FeedForward(
        hiddenSize: size.hidden, intermediateSize: inner, activation: activation, using: builder)
      expectGradients(of: layer, at: size.shape) { $0($1) }
    }
    let gated = SwiGLUFeedForward(
      hiddenSize: size.hidden, intermediateSize: inner, using: builder)
    expectGradients(of: gated, at: size.shape) { $0($1) }
  }

  @Test("Attentions have the gradients of central differences", arguments: sizes)
  func attentions(_ size: Size) {
    let builder = LayerBuilder.dense(seed: 3)
    let layer = SelfAttention(
      hiddenSize: size.hidden, heads: size.heads, keyHeads: size.keyHeads,
      headSize: size.headSize, using: builder)
    let lengths = (0..<size.batch).map { max(1, size.tokens - $0) }
    expectGradients(of: layer, at: size.shape) { $0($1) }
    expectGradients(of: layer, at: size.shape) {
      $0($1, mask: .lengths(lengths, of: size.tokens))
    }
    let causal = CausalSelfAttention(
      hiddenSize: size.hidden, heads: size.heads, keyHeads: size.keyHeads,
      angles: RotaryAngles(positions: size.tokens, headSize: size.headSize), using: builder)
    expectGradients(of: causal, at: size.shape) { $0($1) }
  }

  @Test("Convolutions and poolings have the gradients of central differences", arguments: sizes)
  func windows(_ size: Size) {
    let builder = LayerBuilder.dense(seed: 3)
    let (inputs, outputs) = (size.keyHeads, size.heads)
    let images = Sequential(
      Convolution2D(
        inputs, outputs, window: Size2D(size.tokens, 2), stride: Size2D(1, size.batch),
        padding: Size2D(0, 1), groups: inputs, using: builder),
      Pooling2D(.average, window: Size2D(1, 2)))
    expectGradients(of: images, at: [size.batch, inputs, 4, size.hidden + 2]) { $0($1) }
    let sequences = Sequential(
      Convolution1D(inputs, outputs, window: 2, dilation: size.batch, using: builder),
      Pooling1D(.max, window: 2, stride: 1))
    expectGradients(of: sequences, at: [size.batch, inputs, size.hidden + 3]) { $0($1) }
  }
}
