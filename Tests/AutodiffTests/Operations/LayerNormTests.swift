import Autodiff
import Tensors
import Testing

@Suite struct LayerNormTests {
  static let shapes: [Shape] = [
    [1], [2], [7], [64], [1, 1], [1, 5], [3, 5], [5, 1], [16, 3], [17, 3], [40, 6], [2, 3, 4],
    [1, 1, 9], [3, 1, 2], [2, 2, 2, 2], [65, 2], [9, 9], [4, 33], [33, 4], [2, 5, 8],
  ]

  @Test("layerNorm has the gradients of central differences", arguments: shapes)
  func gradients(_ shape: Shape) {
    let row: Shape = [shape.lastDimension]
    // Two elements per row become nearly ±1, so with a small epsilon the gradient is mostly rounding.
    expectGradients([shape, row, row]) {
      layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 0.1)
    }
    expectGradients([shape, row]) { layerNorm($0[0], weight: $0[1], epsilon: 0.1) }
    expectGradients([shape]) {
      layerNorm($0[0], weight: Variable(.ones(row)), bias: Variable(.ones(row)), epsilon: 0.1)
    }
  }

  @Test("layerNorm equals PyTorch's")
  func golden() throws {
    for test in try goldenCases("layer_norm_") {
      let epsilon = try #require(test.parameter("epsilon"))
      // In a row of one element the gradients for x and the weight vanish.
      try test.expect("x", "weight", "bias", floor: 0.1) {
        layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: epsilon)
      }
    }
  }

  @Test("A large mean does not affect the accuracy of the variance")
  func largeMean() {
    let x = normal([4, 64], seed: 1)
    let weight = Variable(.ones([64]))
    let expected = layerNorm(Variable(x), weight: weight).tensor
    let shifted = layerNorm(Variable(x + 1000), weight: weight).tensor
    // x + 1000 itself is rounded by up to 3e-5.
    #expect((shifted - expected).norm() <= 1e-4 * expected.norm())
  }

  @Test(
    "A recomputed output has the same bits as a kept one", arguments: [false, true])
  func recomputed(_ hasBias: Bool) {
    let (x, w) = (Parameter(normal([40, 24], seed: 1)), Parameter(normal([24], seed: 2)))
    let (bias, matrix) = (Parameter(normal([24], seed: 3)), Parameter(normal([24, 24], seed: 4)))
    func gradients(_ keep: (Variable) -> Variable) -> [Tensor<Float>?] {
      let y = layerNorm(
        Variable(x), weight: Variable(w), bias: hasBias ? Variable(bias) : nil)
      let loss = square(linear(keep(y), Variable(matrix))).sum()
      let gradients = valueAndGradients(of: loss).gradients
      return [x, w, bias, matrix].map { gradients[$0] }
    }
    #expect(gradients { $0 } == gradients { $0 * Variable(Tensor<Float>(1)) })
  }

  @Test("Gradients do not depend on neighbouring rows, nor values on the position in a tile")
  func rows() {
    let x = normal([50, 12], seed: 1)
    let weight = Variable(normal([12], seed: 2))
    let whole = layerNorm(Variable(x), weight: weight).tensor
    for row in [0, 15, 16, 49] {
      let alone = layerNorm(Variable(x.sliced(row..<row + 1)), weight: weight).tensor
      #expect(alone == whole.sliced(row..<row + 1))
    }
  }

  @Test("A weight of another size traps")
  func traps() async {
    await #expect(processExitsWith: .failure) {
      _ = layerNorm(Variable(.ones([2, 3])), weight: Variable(.ones([2])))
    }
    await #expect(processExitsWith: .failure) {
      _ = layerNorm(
        Variable(.ones([2, 3])), weight: Variable(.ones([3])), bias: Variable(.ones([2])))
    }
  }
}
