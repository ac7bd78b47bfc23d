import Glibc
import Tensors
import Testing

@Suite struct FusedSoftmaxTests {
  static let shapes: [Shape] = [[1], [1, 1], [3, 7], [2, 5, 33], [300, 129]]

  static func naive(_ x: Tensor<Double>) -> Tensor<Double> {
    let cols = x.shape.lastDimension
    let values = x.scalars
    var result: [Double] = []
    for start in stride(from: 0, to: values.count, by: cols) {
      let row = values[start..<start + cols].map { Glibc.exp($0) }
      let total = row.reduce(0, +)
      result += row.map { $0 / total }
    }
    return Tensor(result, shape: x.shape)
  }

  @Test("softmax is exp over its sum, row by row", arguments: shapes)
  func forward(_ shape: Shape) {
    let x = normal(shape, seed: 1)
    let expected = Self.naive(x)
    expectClose(softmax(x), expected, absolute: 1e-14)
    // Eight units in the last place of the largest probability.
    let single = softmax(x.converted(to: Float.self)).converted(to: Double.self)
    expectClose(single, expected, absolute: 1e-6)
  }

  @Test("softmax takes strided views", arguments: [[4, 6], [65, 33]])
  func views(_ shape: [Int]) {
    let x = normal(Shape(shape), seed: 2).transposed()
    expectClose(softmax(x), Self.naive(x.copied()), absolute: 1e-14)
    expectClose(softmax(x.sliced(1..<3)), Self.naive(x.sliced(1..<3).copied()), absolute: 1e-14)
  }

  @Test("The softmax gradient equals central differences", arguments: shapes.dropLast())
  func gradient(_ shape: Shape) {
    let (x, g) = (normal(shape, seed: 3), normal(shape, seed: 4))
    let expected = numericalGradient(at: x) { softmax($0).dot(g) }
    expectClose(softmaxGradient(output: softmax(x), g), expected, absolute: 1e-7)
  }

  @Test("logSoftmax is the logarithm of softmax, and finite where softmax is 0", arguments: shapes)
  func logarithm(_ shape: Shape) {
    let x = normal(shape, seed: 5)
    expectClose(logSoftmax(x), log(Self.naive(x)), absolute: 1e-13)
    #expect(logSoftmax(Tensor<Float>([0, -1000])) == Tensor([0, -1000]))
  }

  @Test("The logSoftmax gradient equals central differences", arguments: shapes.dropLast())
  func logarithmGradient(_ shape: Shape) {
    let (x, g) = (normal(shape, seed: 6), normal(shape, seed: 7))
    let expected = numericalGradient(at: x) { logSoftmax($0).dot(g) }
    expectClose(logSoftmaxGradient(output: logSoftmax(x), g), expected, absolute: 1e-7)
  }

  @Test("logsumexp drops the last axis and survives large arguments")
  func logsumexpRows() {
    let x = Tensor<Float>([1000, 1000, -1000, -1000], shape: [2, 2])
    let expected = Tensor<Float>([1000 + Float(Glibc.log(2.0)), -1000 + Float(Glibc.log(2.0))])
    #expect(logsumexp(x) == expected)
  }

  @Test("An unshared tensor is overwritten, a shared one kept")
  func inPlace() {
    var x = normal([4, 5], seed: 8)
    let kept = x
    let start = address(of: x)
    let y = softmax(x)
    #expect(address(of: y) != start)
    #expect(kept == normal([4, 5], seed: 8))
    x = normal([4, 5], seed: 8)
    let owned = address(of: x)
    let z = softmax(consume x)
    #expect(address(of: z) == owned)
    #expect(y == z)
  }

  @Test("softmax, logSoftmax and their gradients equal PyTorch's")
  func golden() throws {
    for known in try operationCases("softmax_", "log_softmax_") {
      let (x, g) = try (known["x"], known["output_gradient"])
      let y = known.name.hasPrefix("log") ? logSoftmax(x) : softmax(x)
      let dx =
        known.name.hasPrefix("log")
        ? logSoftmaxGradient(output: y, g) : softmaxGradient(output: y, g)
      try known.expect(y, is: "output")
      try known.expect(dx, is: "x_gradient")
    }
  }
}
