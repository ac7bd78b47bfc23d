import Glibc
import TestSupport
import Tensors
import Testing

@Suite struct FusedCrossEntropyTests {
  static let ignored: Int32 = -100
  static let cases: [(rows: Int, vocabulary: Int, labels: [Int32])] = [
    (1, 2, [1]), (4, 9, [0, 8, 3, 3]), (6, 11, [10, -100, 0, 2, -100, 7]), (3, 257, [256, 0, 100]),
  ]

  func naive(_ logits: Tensor<Double>, _ labels: [Int32]) -> Double {
    let cols = logits.shape.lastDimension
    let values = logits.scalars
    let losses = labels.indices.filter { labels[$0] != Self.ignored }.map { row in
      let x = values[row * cols..<(row + 1) * cols]
      return Glibc.log(x.reduce(0) { $0 + Glibc.exp($1) }) - values[row * cols + Int(labels[row])]
    }
    return losses.reduce(0, +) / Double(losses.count)
  }

  @Test("The loss is the mean negative logarithm of the labels' probabilities", arguments: cases)
  func forward(_ rows: Int, _ vocabulary: Int, _ labels: [Int32]) {
    let x = normal([rows, vocabulary], seed: 1) * 3
    let expected = naive(x, labels)
    let loss = crossEntropy(x, labels: Tensor(labels), ignoring: Self.ignored)
    #expect(Swift.abs(loss - expected) < 1e-13)
    let single = crossEntropy(
      x.converted(to: Float.self), labels: Tensor(labels), ignoring: Self.ignored)
    // Two units in the last place of a loss below 16.
    #expect(Swift.abs(Double(single) - expected) < 2e-6)
  }

  @Test("Large logits give a finite loss")
  func largeLogits() {
    let x = Tensor<Float>([1e4, 0, -1e4], shape: [1, 3])
    #expect(crossEntropy(x, labels: Tensor([2]), ignoring: Self.ignored) == 2e4)
    #expect(crossEntropy(x, labels: Tensor([0]), ignoring: Self.ignored) == 0)
  }

  @Test("The gradient equals central differences", arguments: cases)
  func gradient(_ rows: Int, _ vocabulary: Int, _ labels: [Int32]) {
    let x = normal([rows, vocabulary], seed: 2)
    let labels = Tensor(labels)
    let expected = numericalGradient(at: x) {
      crossEntropy($0, labels: labels, ignoring: Self.ignored) * 2.5
    }
    let found = crossEntropyGradient(x, labels: labels, ignoring: Self.ignored, 2.5)
    expectClose(found, expected, absolute: 1e-7)
    #expect(x == normal([rows, vocabulary], seed: 2))
  }

  @Test("With every label ignored the loss and its gradients are 0")
  func allIgnored() {
    let x = normal([3, 4], seed: 3)
    let weight = normal([5, 4], seed: 4)
    let labels = Tensor<Int32>(repeating: Self.ignored, shape: [3])
    #expect(crossEntropy(x, labels: labels, ignoring: Self.ignored) == 0)
    #expect(crossEntropyGradient(x, labels: labels, ignoring: Self.ignored, 1) == .zeros([3, 4]))
    let fused = linearCrossEntropy(
      x, weight: weight, labels: labels, ignoring: Self.ignored, gradients: [.input, .weight])
    #expect(fused.loss == 0)
    #expect(fused.input == .zeros([3, 4]) && fused.weight == .zeros([5, 4]))
  }

  @Test(
    "By blocks of rows, the loss and gradients are those of whole logits",
    arguments: [1, 3, 16, 64])
  func blocks(_ blockRows: Int) {
    let (rows, d, vocabulary) = (50, 6, 37)
    let x = normal([5, 10, d], seed: 5)
    let weight = normal([vocabulary, d], seed: 6)
    var source = RandomSource(seed: 7)
    let labels = Tensor(
      (0..<rows).map { row -> Int32 in
        row < 20 && row > 15 ? Self.ignored : Int32.random(in: 0..<37, using: &source)
      }, shape: [5, 10])
    let logits = matmul(x.reshaped(to: [rows, d]), weight.transposed())
    let loss = crossEntropy(logits, labels: labels, ignoring: Self.ignored)
    let dlogits = crossEntropyGradient(logits, labels: labels, ignoring: Self.ignored, 1)
    let fused = linearCrossEntropy(
      x, weight: weight, labels: labels, ignoring: Self.ignored, gradients: [.input, .weight],
      room: blockRows * vocabulary * 8)
    #expect(Swift.abs(fused.loss - loss) < 1e-13)
    expectClose(fused.input!, matmul(dlogits, weight).reshaped(to: x.shape), absolute: 1e-14)
    expectClose(fused.weight!, matmul(dlogits.transposed(), x.asRows()), absolute: 1e-14)
  }

  @Test("Only the gradients asked for are computed")
  func wanted() {
    let x = normal([5, 3], seed: 8)
    let weight = normal([7, 3], seed: 9)
    let labels = Tensor<Int32>([0, 1, 2, 3, 6])
    func run(_ wanted: LinearGradients) -> (Double, Bool, Bool) {
      let result = linearCrossEntropy(
        x, weight: weight, labels: labels, ignoring: Self.ignored, gradients: wanted)
      return (result.loss, result.input != nil, result.weight != nil)
    }
    let loss = crossEntropy(
      matmul(x, weight.transposed()), labels: labels, ignoring: Self.ignored)
    #expect(run([]) == (loss, false, false))
    #expect(run(.input) == (loss, true, false))
    #expect(run(.weight) == (loss, false, true))
  }

  @Test("A label outside the vocabulary stops the program", arguments: [-1, 4] as [Int32])
  func labelRange(_ label: Int32) async {
    await #expect(processExitsWith: .failure) { [label] in
      let logits = Tensor<Float>.zeros([2, 4])
      _ = crossEntropy(logits, labels: Tensor([0, label]), ignoring: -100)
    }
  }

  @Test("The loss and its gradient equal PyTorch's")
  func golden() throws {
    for known in try operationCases("cross_entropy_") {
      let logits = try known["logits"]
      let labels: Tensor<Int32> = try known.fixture.tensor(
        "targets", of: known.name, as: Int32.self)
      let loss = crossEntropy(logits, labels: labels, ignoring: Self.ignored)
      let gradient = crossEntropyGradient(
        logits, labels: labels, ignoring: Self.ignored, try known["output_gradient"].scalar)
      try known.expect(Tensor([loss]), is: "output")
      try known.expect(gradient, is: "logits_gradient")
    }
  }
}
