import Layers
import Tensors
import Testing

@Suite struct InitializerTests {
  private func draw(_ initializer: Initializer, _ shape: Shape) -> Tensor<Float> {
    var source = RandomSource(seed: 5)
    return initializer(shape, using: &source)
  }

  /// A matrix and filters with the same fans: 120 in, 50 and 300 out.
  static let shapes: [(Shape, Double, Double)] = [
    ([50, 120], 120, 50), ([50, 20, 2, 3], 120, 300), ([50, 40, 3], 120, 150), ([600], 600, 600),
  ]

  @Test("The variances are those of the papers", arguments: shapes)
  func variances(_ shape: Shape, _ fanIn: Double, _ fanOut: Double) {
    let cases: [(Initializer, Double, Bool)] = [
      (.normal(standardDeviation: 0.3), 0.09, false), (.uniform(bound: 0.6), 0.12, true),
      (.uniformFanIn, 1 / (3 * fanIn), true), (.xavierNormal(), 2 / (fanIn + fanOut), false),
      (.xavierUniform(gain: 2), 8 / (fanIn + fanOut), true), (.heNormal, 2 / fanIn, false),
      (.heUniform, 2 / fanIn, true),
    ]
    for (initializer, variance, isUniform) in cases {
      let values = draw(initializer, shape)
      let count = Double(shape.elementCount)
      let found = values.sumOfSquares() / count
      // Five standard deviations of the variance of so many numbers; that of squares is at most twice
      // the variance.
      #expect(abs(found / variance - 1) <= 5 * (2 / count).squareRoot(), "\(initializer)")
      #expect(abs(Double(values.mean())) <= 5 * (variance / count).squareRoot(), "\(initializer)")
      let largest = Double(Tensors.abs(values).maximum())
      if isUniform {
        #expect(largest <= (3 * variance).squareRoot() * 1.000001)
      } else {
        #expect(largest > (3 * variance).squareRoot())
      }
    }
  }

  @Test("A truncated normal has no values beyond two deviations")
  func truncated() {
    let values = draw(.truncatedNormal(standardDeviation: 0.1), [200, 100])
    #expect(Tensors.abs(values).maximum() <= 0.2)
    // The variance of a normal truncated at two deviations is .774 of the full one's.
    #expect(abs(values.sumOfSquares() / 20_000 / 0.00774 - 1) <= 0.05)
  }

  @Test(
    "An orthogonal matrix has orthonormal rows or columns",
    arguments: [
      [8, 8], [5, 12], [12, 5], [6, 2, 2, 3], [1, 4],
    ])
  func orthogonal(_ sizes: [Int]) {
    let values = draw(.orthogonal(gain: 2), Shape(sizes))
    #expect(values.shape == Shape(sizes))
    let matrix = values.reshaped(to: [sizes[0], -1])
    let rows = matrix.shape[0] <= matrix.shape[1]
    let gram =
      rows ? matmul(matrix, matrix.transposed()) : matmul(matrix.transposed(), matrix)
    let difference = gram - Tensor.identity(gram.shape[0]) * 4
    // Householder reflections in single precision.
    #expect(Tensors.abs(difference).maximum() <= 1e-5)
  }

  @Test("Orthogonal matrices have determinants 1 and -1 equally often")
  func signs() throws {
    var source = RandomSource(seed: 1)
    var positive = 0
    for _ in 0..<200 {
      let m = Initializer.orthogonal()([2, 2], using: &source)
      if m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0] > 0 { positive += 1 }
    }
    // Five deviations of a binomial count.
    #expect(abs(positive - 100) <= 36)
  }

  @Test("Constants are constant")
  func constants() {
    #expect(draw(.zeros, [2, 3]) == .zeros([2, 3]))
    #expect(draw(.ones, [2, 3]) == .ones([2, 3]))
    #expect(draw(.constant(3), [2]) == Tensor(repeating: 3, shape: [2]))
  }
}
