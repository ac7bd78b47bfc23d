import Autodiff
import Tensors
import Testing

@Suite struct KLDivergenceTests {
  @Test("klDivergence has the gradient of central differences", arguments: lossShapes)
  func gradients(_ shape: Shape) {
    // Any weights work, distributions or not.
    let targets = square(normal(shape, seed: 7))
    expectGradients([shape]) { klDivergence($0[0], targets: targets) * 3 }
    expectGradients([shape]) { klDivergence($0[0], targets: softmax(targets)) }
  }

  @Test("klDivergence equals PyTorch's, with zeros among the targets")
  func golden() throws {
    for test in try goldenCases("kl_divergence_", in: "layers") {
      let targets = try test.tensor("targets")
      try test.expect("logits") { klDivergence($0[0], targets: targets) }
    }
  }

  @Test("The divergence of equal distributions is 0")
  func zero() {
    let logits = normal([3, 5], seed: 1)
    let loss = klDivergence(Variable(logits), targets: softmax(logits)).scalar
    // Logarithms of either side round by 1e-7.
    #expect(abs(loss) <= 1e-6)
  }

  @Test("Targets of another shape trap")
  func traps() async {
    await #expect(processExitsWith: .failure) {
      _ = klDivergence(Variable(.ones([2, 3])), targets: .ones([3]))
    }
  }
}
