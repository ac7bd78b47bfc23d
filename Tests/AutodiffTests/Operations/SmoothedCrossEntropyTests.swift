import Autodiff
import Tensors
import Testing

@Suite struct SmoothedCrossEntropyTests {
  static let labels: [[Int32]] = [
    [0], [4], [-100], [2, 0], [2, 0, 3, 1], [-100, 1], [1, -100], [-100, 1, 4, -100, 3, 3],
    [-100, -100], [0, 0, 0],
  ]

  @Test("Smoothed crossEntropy has the gradient of central differences", arguments: labels)
  func gradients(_ labels: [Int32]) {
    for smoothing in [0, 0.1, 1] {
      expectGradients([[labels.count, 5]]) {
        crossEntropy($0[0], labels: Tensor(labels), smoothing: smoothing) * 3
      }
    }
  }

  @Test("Smoothed crossEntropy without smoothing is crossEntropy")
  func zero() {
    let logits = Variable(normal([4, 5], seed: 1))
    let labels = Tensor<Int32>([1, -100, 4, 0])
    #expect(
      crossEntropy(logits, labels: labels, smoothing: 0).scalar
        == crossEntropy(logits, labels: labels).scalar)
  }

  @Test("Smoothed crossEntropy equals PyTorch's")
  func golden() throws {
    for test in try goldenCases("smoothed_cross_entropy_", in: "layers") {
      let (targets, smoothing) = (try test.integers("targets"), test.parameter("smoothing")!)
      try test.expect("logits") { crossEntropy($0[0], labels: targets, smoothing: smoothing) }
    }
  }

  @Test("A smoothing beyond 1 traps")
  func traps() async {
    await #expect(processExitsWith: .failure) {
      _ = crossEntropy(Variable(.ones([1, 2])), labels: [0], smoothing: 1.5)
    }
  }
}
