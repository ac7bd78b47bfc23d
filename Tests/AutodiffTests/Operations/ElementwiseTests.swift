import Autodiff
import Tensors
import Testing

@Suite struct ElementwiseTests {
  static let shapes: [Shape] = [[], [1], [7], [3, 5], [2, 3, 4]]

  @Test("Elementwise functions have the gradients of central differences", arguments: shapes)
  func gradients(_ shape: Shape) {
    for function in [exp, tanh, erf, sigmoid, silu, gelu, geluTanh, sin, cos, square] {
      expectGradients([shape]) { function($0[0]) }
    }
    // Away from the kinks at 0 and inside the domains of the functions.
    let apart = normal(shape, seed: 3)
    let positive = square(apart) + 0.1
    for function in [sqrt, rsqrt, reciprocal, log, abs, relu] {
      expectGradients([shape], arguments: [positive]) { function($0[0]) }
    }
    for function in [abs, relu] {
      expectGradients([shape], arguments: [-positive]) { function($0[0]) }
    }
  }

  @Test("Activations equal PyTorch's")
  func golden() throws {
    let functions: [(String, (Variable) -> Variable)] = [
      ("silu_", silu), ("gelu_", gelu), ("gelu_tanh_", geluTanh), ("relu_", relu),
      ("sigmoid_", sigmoid), ("tanh_", tanh),
    ]
    for (prefix, function) in functions {
      for test in try goldenCases(prefix) where prefix != "gelu_" || !test.name.contains("tanh") {
        try test.expect("x") { function($0[0]) }
      }
    }
  }
}
