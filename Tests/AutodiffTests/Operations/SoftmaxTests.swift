import Autodiff
import Tensors
import Testing

@Suite struct SoftmaxTests {
  static let shapes: [Shape] = [[1], [7], [3, 1], [3, 5], [2, 3, 4]]

  @Test("softmax has the gradient of central differences", arguments: shapes)
  func gradients(_ shape: Shape) {
    expectGradients([shape]) { softmax($0[0]) }
    expectGradients([shape]) { logSoftmax($0[0]) }
  }

  @Test("A transposed argument has the gradient of central differences")
  func views() {
    expectGradients([[4, 3]]) { softmax($0[0].transposed()) }
    expectGradients([[4, 3]]) { logSoftmax($0[0].transposed()) }
  }

  @Test("An output that is used again has the gradient of central differences")
  func kept() {
    expectGradients([[3, 4]]) { arguments in
      let y = softmax(arguments[0])
      return square(y) + y
    }
  }

  @Test("softmax equals PyTorch's")
  func golden() throws {
    for test in try goldenCases("softmax_") { try test.expect("x") { softmax($0[0]) } }
    for test in try goldenCases("log_softmax_") { try test.expect("x") { logSoftmax($0[0]) } }
  }
}
