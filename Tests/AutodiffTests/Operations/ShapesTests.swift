import Autodiff
import Tensors
import Testing

@Suite struct ShapesTests {
  @Test("Views have the gradients of central differences")
  func gradients() {
    expectGradients([[2, 3, 4]]) { $0[0].reshaped(to: [6, -1]) }
    expectGradients([[2, 3, 4]]) { $0[0].transposed() }
    expectGradients([[2, 3, 4]]) { $0[0].transposed([2, 0, 1]).reshaped(to: [8, 3]) }
    expectGradients([[5, 3]]) { $0[0].sliced(1..<4) }
    expectGradients([[5, 3]]) { $0[0].sliced(0..<2, alongAxis: -1) }
    expectGradients([[5, 3]]) { $0[0].sliced(0..<2) + $0[0].sliced(3..<5) }
    expectGradients([[2, 3], [2, 1], [2, 4]]) { .concatenated($0, alongAxis: 1) }
    expectGradients([[2, 3], [1, 3]]) { .concatenated($0 + $0) }
  }
}
