import Autodiff
import Tensors
import Testing

@Suite struct RMSNormTests {
  static let shapes: [Shape] = [[1], [7], [3, 5], [2, 3, 4], [40, 6]]

  @Test("rmsNorm has the gradients of central differences", arguments: shapes)
  func gradients(_ shape: Shape) {
    expectGradients([shape, [shape.lastDimension]]) {
      rmsNorm($0[0], weight: $0[1], epsilon: 1e-3)
    }
    expectGradients([shape]) {
      rmsNorm($0[0], weight: Variable(.ones([shape.lastDimension])), epsilon: 1e-3)
    }
  }

  @Test("rmsNorm equals PyTorch's")
  func golden() throws {
    for test in try goldenCases("rms_norm_") {
      let epsilon = try #require(test.parameter("epsilon"))
      // In a row of one element the gradient for x nearly vanishes.
      try test.expect("x", "weight", floor: 0.1) { rmsNorm($0[0], weight: $0[1], epsilon: epsilon) }
    }
  }
}
