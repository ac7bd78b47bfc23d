import Autodiff
import Tensors
import Testing

@Suite struct BinaryCrossEntropyTests {
  @Test("binaryCrossEntropy has the gradient of central differences", arguments: lossShapes + [[]])
  func gradients(_ shape: Shape) {
    let targets = sigmoid(normal(shape, seed: 7))
    expectGradients([shape]) { binaryCrossEntropy($0[0] * 4, targets: targets) * 3 }
  }

  @Test("binaryCrossEntropy equals PyTorch's, even at large logits")
  func golden() throws {
    for test in try goldenCases("binary_cross_entropy_", in: "layers") {
      let targets = try test.tensor("targets")
      try test.expect("logits") { binaryCrossEntropy($0[0], targets: targets) }
    }
  }

  @Test("A small loss is accurate")
  func small() {
    let loss = binaryCrossEntropy(Variable(Tensor([30])), targets: [1]).scalar
    // log(1 + exp(-30)) is exp(-30) to 13 digits; one rounding to single precision.
    #expect(abs(loss - 9.357622968840175e-14) <= 1e-20)
  }
}
