import Autodiff
import Tensors
import Testing

@Suite struct MeanSquaredErrorTests {
  @Test("meanSquaredError has the gradient of central differences", arguments: lossShapes + [[]])
  func gradients(_ shape: Shape) {
    let targets = normal(shape, seed: 7)
    expectGradients([shape]) { meanSquaredError($0[0], targets: targets) * 3 }
  }

  @Test("meanSquaredError equals PyTorch's")
  func golden() throws {
    for test in try goldenCases("mean_squared_error_", in: "layers") {
      let targets = try test.tensor("targets")
      try test.expect("x") { meanSquaredError($0[0], targets: targets) }
    }
  }

  @Test("Targets that would broadcast trap")
  func traps() async {
    await #expect(processExitsWith: .failure) {
      _ = meanSquaredError(Variable(.ones([2, 3])), targets: .ones([3]))
    }
  }
}
