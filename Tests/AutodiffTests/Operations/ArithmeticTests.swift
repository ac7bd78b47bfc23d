import Autodiff
import Tensors
import Testing

@Suite struct ArithmeticTests {
  static let shapes: [[Shape]] = [
    [[], []], [[3], [3]], [[2, 3], [3]], [[3], [2, 3]], [[2, 1, 4], [3, 1]], [[2, 3], []],
    [[1], [2, 2]],
  ]

  @Test("Broadcasting arithmetic has the gradients of central differences", arguments: shapes)
  func gradients(_ shapes: [Shape]) {
    expectGradients(shapes) { $0[0] + $0[1] }
    expectGradients(shapes) { $0[0] - $0[1] }
    expectGradients(shapes) { $0[0] * $0[1] }
    // Away from the pole of the quotient.
    expectGradients(shapes) { $0[0] / (square($0[1]) + 1) }
  }

  @Test("A variable may be both operands")
  func bothOperands() {
    expectGradients([[2, 3]]) { $0[0] * $0[0] }
    expectGradients([[2, 3]]) { $0[0] + $0[0] }
    expectGradients([[2, 3]]) { $0[0] - $0[0] * 3 }
    expectGradients([[2, 3]]) { $0[0] / (square($0[0]) + 1) }
  }

  @Test("Constants scale and shift")
  func constants() {
    expectGradients([[2, 3]]) { -(2 * $0[0] + 1) / 4 - 0.5 }
  }

  @Test("Empty operands have empty gradients")
  func empty() {
    let a = Parameter(.zeros([0, 3]))
    let b = Parameter(.ones([3]))
    let (value, gradients) = valueAndGradients(of: (Variable(a) * Variable(b)).sum())
    #expect(value == 0)
    #expect(gradients[a]?.shape == [0, 3])
    #expect(gradients[b] == .zeros([3]))
  }

  @Test("Arithmetic equals PyTorch's")
  func golden() throws {
    for test in try goldenCases("add_") { try test.expect("a", "b") { $0[0] + $0[1] } }
    for test in try goldenCases("subtract_") { try test.expect("a", "b") { $0[0] - $0[1] } }
    for test in try goldenCases("multiply_") { try test.expect("a", "b") { $0[0] * $0[1] } }
    for test in try goldenCases("divide_") { try test.expect("a", "b") { $0[0] / $0[1] } }
  }
}
