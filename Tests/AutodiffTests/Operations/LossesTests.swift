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

  @Test("Without smoothing it is crossEntropy")
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

/// Shapes at which gradients of losses are checked.
private let shapes: [Shape] = [
  [1], [2], [5], [1, 1], [1, 4], [4, 1], [3, 5], [2, 2], [7, 3], [1, 9], [2, 3, 4], [1, 1, 1],
  [3, 1, 2], [2, 2, 3], [6, 2], [2, 6], [1, 2, 5], [4, 4], [2, 1, 2, 2], [13],
]

@Suite struct KLDivergenceTests {
  @Test("klDivergence has the gradient of central differences", arguments: shapes)
  func gradients(_ shape: Shape) {
    // Any weights serve, distributions or not.
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

  @Test("A student that agrees has lost nothing")
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

@Suite struct BinaryCrossEntropyTests {
  @Test("binaryCrossEntropy has the gradient of central differences", arguments: shapes + [[]])
  func gradients(_ shape: Shape) {
    let targets = sigmoid(normal(shape, seed: 7))
    expectGradients([shape]) { binaryCrossEntropy($0[0] * 4, targets: targets) * 3 }
  }

  @Test("binaryCrossEntropy equals PyTorch's, at large logits too")
  func golden() throws {
    for test in try goldenCases("binary_cross_entropy_", in: "layers") {
      let targets = try test.tensor("targets")
      try test.expect("logits") { binaryCrossEntropy($0[0], targets: targets) }
    }
  }

  @Test("A small loss keeps its digits")
  func small() {
    let loss = binaryCrossEntropy(Variable(Tensor([30])), targets: [1]).scalar
    // log(1 + exp(-30)) is exp(-30) to 13 digits; one rounding to single precision.
    #expect(abs(loss - 9.357622968840175e-14) <= 1e-20)
  }
}

@Suite struct MeanSquaredErrorTests {
  @Test("meanSquaredError has the gradient of central differences", arguments: shapes + [[]])
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
