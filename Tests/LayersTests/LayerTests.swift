import Autodiff
import Layers
import TestSupport
import Tensors
import Testing

@Suite struct LayerTests {
  @Test("The layer norm has the gradients of central differences", arguments: [false, true])
  func layerNorm(_ bias: Bool) {
    let layer = LayerNorm(5, bias: bias, epsilon: 1e-3)
    #expect(layer.namedParameters().map(\.name) == (bias ? ["weight", "bias"] : ["weight"]))
    for shape: Shape in [[5], [3, 5], [2, 3, 5], [20, 5]] {
      expectGradients(of: LayerNorm(5, bias: bias, epsilon: 1e-3), at: shape) { $0($1) }
    }
  }

  @Test("Learned positions have the gradients of central differences", arguments: [0, 2])
  func positions(_ offset: Int) {
    let layer = LearnedPositions(count: 4, size: 3, offset: offset, using: .dense(seed: 3))
    #expect(layer.count == 4 && layer.weight.shape == [4 + offset, 3])
    for tokens in 1...4 { expectGradients(of: layer, at: [2, tokens, 3]) { $0($1) } }
    let x = layer(Variable(.zeros([1, 2, 3]))).tensor
    #expect(x.reshaped(to: [2, 3]) == layer.weight.tensor.sliced(offset..<offset + 2))
  }

  @Test("Positions beyond the table trap")
  func positionTrap() async {
    await #expect(processExitsWith: .failure) {
      _ = LearnedPositions(count: 4, size: 3, using: .dense())(Variable(.zeros([1, 5, 3])))
    }
  }

  static let activations: [Activation] = [.relu, .gelu, .geluTanh, .silu, .tanh, .sigmoid]

  @Test("The feed-forward has the gradients of central differences", arguments: activations)
  func feedForward(_ activation: Activation) {
    for bias in [false, true] {
      let layer = FeedForward(
        hiddenSize: 4, intermediateSize: 7, activation: activation, bias: bias,
        using: .dense(seed: 3))
      #expect(layer.namedParameters().first?.name == "up.weight")
      expectGradients(of: layer, at: [2, 3, 4]) { $0($1) }
    }
  }

  @Test("Self-attention has the gradients of central differences", arguments: [1, 2, 4])
  func attention(_ keyHeads: Int) {
    let layer = SelfAttention(
      hiddenSize: 6, heads: 4, keyHeads: keyHeads, headSize: 2, using: .dense(seed: 3))
    expectGradients(of: layer, at: [2, 5, 6]) { $0($1) }
    expectGradients(of: layer, at: [2, 5, 6]) { $0($1, mask: .lengths([3, 5], of: 5)) }
    expectGradients(of: layer, at: [2, 5, 6]) { $0($1, mask: .causal) }
  }

  @Test("Padding does not affect the visible tokens")
  func padding() {
    let layer = SelfAttention(hiddenSize: 8, heads: 2, using: .dense(seed: 3))
    let x = normal([1, 9, 8], seed: 1)
    for length in 1...9 {
      let alone = layer(Variable(x.sliced(0..<length, alongAxis: 1))).tensor
      let padded = layer(Variable(x), mask: .lengths([length], of: 9)).tensor
      // Products of other sizes may sum in a different order.
      #expect(relativeError(padded.sliced(0..<length, alongAxis: 1), alone) <= 1e-6)
    }
  }

  @Test("Self-attention without positions ignores the order of tokens")
  func order() {
    let layer = SelfAttention(hiddenSize: 8, heads: 2, using: .dense(seed: 3))
    let x = normal([1, 6, 8], seed: 1)
    let reversed = x[.all, .stride(by: -1)]
    let expected = layer(Variable(x)).tensor[.all, .stride(by: -1)].copied()
    #expect(relativeError(layer(Variable(reversed)).tensor, expected) <= 1e-6)
  }

  @Test("Convolutions followed by poolings have the gradients of central differences")
  func images() {
    let model = Sequential(
      Convolution2D(2, 4, window: 3, padding: 1, using: .dense(seed: 1)), Activation.tanh,
      Pooling2D(.average, window: 2),
      Convolution2D(
        4, 2, window: 2, stride: 1, groups: 2, bias: false, using: .dense(seed: 2)),
      Pooling2D(.max, window: 2, stride: 1), Flatten())
    #expect(model.namedParameters().map(\.name) == ["0.weight", "0.bias", "3.weight"])
    #expect(model(Variable(normal([3, 2, 7, 6], seed: 1))).shape == [3, 2])
    expectGradients(of: model, at: [1, 2, 6, 6]) { $0($1) }
    let sequences = Sequential(
      Convolution1D(2, 4, window: 3, stride: 2, padding: 2, dilation: 2, using: .dense(seed: 1)),
      Activation.gelu, Pooling1D(.max, window: 2), Pooling1D(.average, window: 2, stride: 1),
      Flatten(), LayerBuilder.dense(seed: 3)(4, 2, bias: true))
    #expect(sequences(Variable(normal([3, 2, 9], seed: 1))).shape == [3, 2])
    expectGradients(of: sequences, at: [2, 2, 9]) { $0($1) }
  }

  @Test("Dropout changes nothing outside training mode")
  func dropout() {
    let layer = Dropout(0.5)
    let x = Variable(.ones([100]))
    #expect(layer(x).tensor == x.tensor)
    let dropped = withTrainingMode(random: RandomSource(seed: 1)) { layer(x).tensor }
    #expect(dropped.scalars.contains(0) && dropped.scalars.contains(2))
    #expect(layer.parameterCount == 0)
  }

  @Test("An embedding is initialized by its initializer")
  func embedding() {
    let layer = Embedding(vocabularySize: 300, size: 40, using: .dense(seed: 1))
    // Five deviations of the variance of 12,000 standard normal numbers.
    let deviation = Double(layer.weight.tensor.norm()) / (12_000.0).squareRoot()
    #expect(abs(deviation - 1) <= 5 / (2 * 12_000.0).squareRoot())
  }
}
