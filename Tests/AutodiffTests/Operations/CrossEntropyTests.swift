import Autodiff
import Tensors
import Testing

@Suite struct CrossEntropyTests {
  static let labels: [[Int32]] = [[0], [2, 0, 2, 1], [-100, 1, 4, -100, 3, 3], [-100, -100]]

  @Test("crossEntropy has the gradient of central differences", arguments: labels)
  func gradients(_ labels: [Int32]) {
    expectGradients([[labels.count, 5]]) { crossEntropy($0[0], labels: Tensor(labels)) }
    expectGradients([[1, labels.count, 5]]) { crossEntropy($0[0], labels: Tensor(labels)) * 3 }
  }

  @Test("linearCrossEntropy has the gradients of central differences", arguments: labels)
  func linearGradients(_ labels: [Int32]) {
    let shapes: [Shape] = [[labels.count, 3], [5, 3]]
    expectGradients(shapes) { linearCrossEntropy($0[0], $0[1], labels: Tensor(labels)) }
    expectGradients(shapes) { linearCrossEntropy($0[0], $0[1], labels: Tensor(labels)) * 3 }
    let x = Variable(normal(shapes[0], seed: 4))
    expectGradients([shapes[1]]) { linearCrossEntropy(x, $0[0], labels: Tensor(labels)) }
    let weight = Variable(normal(shapes[1], seed: 4))
    expectGradients([shapes[0]]) { linearCrossEntropy($0[0], weight, labels: Tensor(labels)) }
  }

  @Test("linearCrossEntropy is crossEntropy of the product")
  func fused() {
    let labels = Tensor(
      (0..<300).map { (i: Int) -> Int32 in i % 7 == 0 ? -100 : Int32(i * 31 % 97) })
    let x = Parameter(normal([3, 100, 16], seed: 1))
    let weight = Parameter(normal([97, 16], seed: 2))
    let logits = linear(Variable(x), Variable(weight))
    let (expected, separate) = valueAndGradients(of: crossEntropy(logits, labels: labels))
    let (value, fused) = valueAndGradients(
      of: linearCrossEntropy(Variable(x), Variable(weight), labels: labels))
    // Sums of 300 losses and 97 products in another order.
    #expect(abs(value - expected) <= 1e-6 * expected)
    for parameter in [x, weight] {
      let (a, b) = (fused[parameter]!, separate[parameter]!)
      #expect((a - b).norm() <= 1e-6 * b.norm())
    }
  }

  @Test("Capped logits have the gradients of central differences", arguments: labels)
  func cappedGradients(_ labels: [Int32]) {
    expectGradients([[labels.count, 3], [5, 3]]) {
      linearCrossEntropy($0[0], $0[1], labels: Tensor(labels), cap: 0.8)
    }
  }

  @Test("linearCrossEntropy under a cap is crossEntropy of the capped product")
  func fusedCap() {
    let labels = Tensor((0..<300).map { Int32(($0 * 31) % 97) })
    let (x, weight) = (normal([300, 16], seed: 1), normal([97, 16], seed: 2))
    let logits = tanh(linear(Variable(x), Variable(weight)) / 3) * 3
    let expected = crossEntropy(logits, labels: labels).scalar
    let value = linearCrossEntropy(Variable(x), Variable(weight), labels: labels, cap: 3).scalar
    #expect(abs(value - expected) <= 1e-6 * expected)
  }

  @Test("Any index may be ignored")
  func ignoredIndex() {
    let logits = Variable(normal([3, 4], seed: 1))
    let all = crossEntropy(logits, labels: Tensor([0, -100, 3]))
    #expect(
      crossEntropy(logits, labels: Tensor([0, -1, 3]), ignoredIndex: -1).scalar == all.scalar)
  }

  @Test("crossEntropy equals PyTorch's")
  func golden() throws {
    for test in try goldenCases("cross_entropy_") {
      let targets = try test.integers("targets")
      try test.expect("logits") { crossEntropy($0[0], labels: targets) }
      try test.expect("logits") { arguments in
        let classes = arguments[0].shape[1]
        let identity = Variable(Tensor.identity(classes))
        return linearCrossEntropy(arguments[0], identity, labels: targets)
      }
    }
  }
}
