import Autodiff
import Layers
import Tensors
import Testing

@Suite struct TransformerLayerTests {
  @Test("Attention has the gradients of central differences", arguments: [1, 2, 4])
  func attention(_ keyHeads: Int) {
    let layer = CausalSelfAttention(
      hiddenSize: 6, heads: 4, keyHeads: keyHeads, angles: RotaryAngles(positions: 5, headSize: 2),
      using: .dense(seed: 3))
    #expect(
      layer.namedParameters().map(\.name)
        == ["q_proj", "k_proj", "v_proj", "o_proj"].map {
          $0 + ".weight"
        })
    expectGradients(of: layer, at: [2, 5, 6]) { $0($1) }
  }

  @Test("Attention ignores later tokens")
  func causality() {
    let layer = CausalSelfAttention(
      hiddenSize: 8, heads: 2, keyHeads: 1, angles: RotaryAngles(positions: 9, headSize: 4),
      using: .dense(seed: 3))
    let x = normal([1, 9, 8], seed: 1)
    let whole = layer(Variable(x)).tensor
    for length in 1..<9 {
      let start = layer(Variable(x.sliced(0..<length, alongAxis: 1))).tensor
      let difference = start - whole.sliced(0..<length, alongAxis: 1)
      // Products of other sizes may sum in a different order.
      #expect(difference.norm() <= 1e-6 * start.norm())
    }
  }

  @Test("The feed-forward has the gradients of central differences")
  func feedForward() {
    let layer = SwiGLUFeedForward(hiddenSize: 4, intermediateSize: 7, using: .dense(seed: 3))
    #expect(
      layer.namedParameters().map(\.name) == [
        "gate_proj.weight", "up_proj.weight", "down_proj.weight",
      ])
    expectGradients(of: layer, at: [2, 3, 4]) { $0($1) }
  }

  @Test("The norm has the gradients of central differences")
  func norm() {
    expectGradients(of: RMSNorm(5, epsilon: 1e-3), at: [3, 5]) { $0($1) }
  }

  @Test("The embedding picks rows")
  func embedding() {
    let layer = Embedding(weight: normal([4, 3], seed: 1))
    let rows = layer(Tensor([3, 0], shape: [1, 2]))
    #expect(rows.shape == [1, 2, 3])
    #expect(
      rows.tensor.scalars
        == (layer.weight.tensor.element(at: 3).scalars
          + layer.weight.tensor.element(at: 0).scalars))
  }

  @Test("Dense layers compute x Wᵀ + b and report their matrix")
  func dense() {
    let layer = LayerBuilder.dense(seed: 5)(3, 2, bias: true)
    #expect((layer.inputSize, layer.outputSize) == (3, 2))
    let weight = layer.effectiveWeight()
    let bound = 1 / Float(3).squareRoot()
    #expect(weight.maximum() <= bound && weight.minimum() >= -bound)
    #expect(layer(Variable(Tensor.identity(3))).tensor == weight.transposed())
  }

  @Test("Layers of one builder start differently, and builders with the same seed equally")
  func seeds() {
    let (one, two) = (LayerBuilder.dense(seed: 1), LayerBuilder.dense(seed: 1))
    let first = one(3, 3).effectiveWeight()
    #expect(first == two(3, 3).effectiveWeight())
    #expect(first != one(3, 3).effectiveWeight())
    #expect(first != LayerBuilder.dense(seed: 2)(3, 3).effectiveWeight())
  }

  @Test("A frozen dense factory makes frozen layers")
  func frozenFactory() {
    let layer = LayerBuilder(DenseLinearFactory(isTrainable: false))(3, 3)
    #expect(layer.parameters.allSatisfy { !$0.isTrainable })
  }
}
