import Autodiff
import Tensors
import Testing

@Suite struct MatmulTests {
  static let products: [[Shape]] = [
    [[1, 1], [1, 1]], [[3, 4], [4, 2]], [[2, 3, 4], [4, 2]], [[2, 3, 4], [2, 4, 5]],
    [[3, 4], [2, 4, 5]], [[2, 1, 3, 4], [3, 4, 2]],
  ]

  @Test("The matrix product has the gradients of central differences", arguments: products)
  func matmulGradients(_ shapes: [Shape]) {
    expectGradients(shapes) { matmul($0[0], $0[1]) }
    expectGradients(shapes) { matmul($0[1].transposed(), $0[0].transposed()) }
  }

  static let layers: [(Shape, Shape)] = [
    ([4], [3, 4]), ([1, 1], [1, 1]), ([5, 4], [3, 4]), ([2, 5, 4], [3, 4]),
  ]

  @Test("The linear product has the gradients of central differences", arguments: layers)
  func linearGradients(_ x: Shape, _ weight: Shape) {
    expectGradients([x, weight]) { linear($0[0], $0[1]) }
    expectGradients([x, weight, [weight[0]]]) { linear($0[0], $0[1], bias: $0[2]) }
  }

  @Test("A frozen weight gets no gradient, but the input does")
  func frozenWeight() {
    let x = Parameter(normal([5, 4], seed: 1))
    let weight = Parameter(normal([3, 4], seed: 2), isTrainable: false)
    let (_, gradients) = valueAndGradients(of: linear(Variable(x), Variable(weight)).sum())
    #expect(gradients[weight] == nil)
    #expect(gradients.count == 1)
    let expected = Tensor.ones([5, 1]) * weight.tensor.sum(alongAxes: [0])
    // Sums of three weights in another order.
    #expect((gradients[x]! - expected).norm() <= 1e-6 * expected.norm())
  }

  @Test("Products equal PyTorch's")
  func golden() throws {
    for test in try goldenCases("matmul_") {
      try test.expect("a", "b") { matmul($0[0], $0[1]) }
    }
    for test in try goldenCases("linear_") where test.name.hasSuffix("no_bias") {
      try test.expect("x", "weight") { linear($0[0], $0[1]) }
    }
    for test in try goldenCases("linear_") where !test.name.hasSuffix("no_bias") {
      try test.expect("x", "weight", "bias") { linear($0[0], $0[1], bias: $0[2]) }
    }
  }
}
