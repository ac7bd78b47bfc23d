import Autodiff
import Tensors
import Testing

@Suite struct SwiGLUTests {
  static let shapes: [Shape] = [[1], [7], [3, 5], [2, 3, 4]]

  @Test("swiglu has the gradients of central differences", arguments: shapes)
  func gradients(_ shape: Shape) {
    expectGradients([shape, shape]) { swiglu($0[0], $0[1]) }
    expectGradients([shape]) { swiglu($0[0], $0[0]) }
  }

  @Test("swiglu equals PyTorch's")
  func golden() throws {
    for test in try goldenCases("swiglu_") {
      try test.expect("gate", "up") { swiglu($0[0], $0[1]) }
    }
  }
}
