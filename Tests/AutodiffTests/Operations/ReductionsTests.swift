import Autodiff
import Tensors
import Testing

@Suite struct ReductionsTests {
  static let shapes: [Shape] = [[1], [5], [3, 4], [2, 3, 4]]

  @Test("Sums and means have the gradients of central differences", arguments: shapes)
  func gradients(_ shape: Shape) {
    expectGradients([shape]) { square($0[0]).sum() }
    expectGradients([shape]) { square($0[0]).mean() }
    for axis in 0..<shape.rank {
      expectGradients([shape]) { square($0[0]).sum(alongAxes: [axis]) }
      expectGradients([shape]) { square($0[0]).mean(alongAxes: [axis]) }
    }
    expectGradients([shape]) { $0[0].mean(alongAxes: Array(0..<shape.rank)) }
  }
}
