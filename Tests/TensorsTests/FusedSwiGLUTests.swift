import Tensors
import Testing

@Suite struct FusedSwiGLUTests {
  static let shapes: [Shape] = [[1], [3, 7], [2, 5, 33]]

  @Test("swiglu is silu(gate) times up", arguments: shapes + [[300, 129]])
  func forward(_ shape: Shape) {
    let (gate, up) = (normal(shape, seed: 1) * 4, normal(shape, seed: 2))
    let expected = gate / (exp(-gate) + 1) * up
    expectClose(swiglu(gate, up), expected, absolute: 1e-14, relative: 1e-13)
    let single = swiglu(gate.converted(to: Float.self), up.converted(to: Float.self))
    // A few roundings in a row, 6e-8 each.
    expectClose(single.converted(to: Double.self), expected, absolute: 1e-7, relative: 1e-6)
  }

  @Test("The swiglu gradients equal central differences", arguments: shapes)
  func gradient(_ shape: Shape) {
    let (gate, up) = (normal(shape, seed: 3), normal(shape, seed: 4))
    let g = normal(shape, seed: 5)
    let (dgate, dup) = swigluGradient(gate, up, g)
    let forGate = numericalGradient(at: gate) { swiglu($0, up).dot(g) }
    let forUp = numericalGradient(at: up) { swiglu(gate, $0).dot(g) }
    expectClose(dgate, forGate, absolute: 1e-7)
    expectClose(dup, forUp, absolute: 1e-7)
  }

  @Test("The last use of arguments turns their storage into the gradients")
  func inPlace() {
    let gate = normal([6, 7], seed: 6)
    let up = normal([6, 7], seed: 7)
    let g = normal([6, 7], seed: 8)
    let (sharedUp, sharedG) = (up.copied(), g.copied())
    let addresses = [address(of: g), address(of: up)]
    let (dgate, dup) = swigluGradient(gate, consume up, consume g)
    #expect([address(of: dgate), address(of: dup)] == addresses)
    let fresh = swigluGradient(gate, sharedUp, sharedG)
    #expect(fresh.gate == dgate && fresh.up == dup)
    #expect(sharedG == normal([6, 7], seed: 8))
  }

  @Test("swiglu and its gradients equal PyTorch's")
  func golden() throws {
    for known in try operationCases("swiglu_") {
      let (gate, up) = try (known["gate"], known["up"])
      let (dgate, dup) = swigluGradient(gate, up, try known["output_gradient"])
      try known.expect(swiglu(gate, up), is: "output")
      try known.expect(dgate, is: "gate_gradient")
      try known.expect(dup, is: "up_gradient")
    }
  }
}
