import Tensors
import Testing

@Suite(.serialized)
struct RandomSourceTests {
  @Test("Numbers do not depend on the number of threads")
  func threadCounts() {
    let before = Threads.count
    defer { Threads.count = before }
    func draw() -> (Tensor<Float>, Tensor<Double>, Tensor<Float>, UInt64) {
      var source = RandomSource(seed: 42)
      return (
        .normal([100_003], using: &source), .uniform([50_001], using: &source),
        .uniform([7], low: -1, high: 3, using: &source), source.next()
      )
    }
    Threads.count = 1
    let one = draw()
    Threads.count = 2
    let two = draw()
    #expect(one.0 == two.0 && one.1 == two.1 && one.2 == two.2 && one.3 == two.3)
  }

  @Test("Splits do not depend on what was drawn")
  func splitsAndDraws() {
    var source = RandomSource(seed: 1)
    let early = source.split("weights")
    _ = Tensor<Float>.normal([1000], using: &source)
    _ = source.next()
    #expect(source.split("weights") == early)
    #expect(source.split(7) == RandomSource(seed: 1).split(7))
  }

  @Test("Splits differ from each other and from their source")
  func distinctSplits() {
    let source = RandomSource(seed: 1)
    var sources = [source] + (0..<200).map { source.split(UInt64($0)) }
    sources += (0..<20).map { source.split("layer \($0)") }
    sources += (2..<20).map { RandomSource(seed: $0) }
    sources += (0..<20).map { source.split(3).split(UInt64($0)) }
    let first = sources.map { source in
      var source = source
      return [source.next(), source.next()]
    }
    #expect(Set(first).count == first.count)
  }

  @Test("Splits are uncorrelated")
  func correlation() {
    let source = RandomSource(seed: 8)
    var one = source.split(0)
    var two = source.split(1)
    let n = 200_000
    let x = Tensor<Double>.normal([n], using: &one)
    let y = Tensor<Double>.normal([n], using: &two)
    // Five standard deviations of a mean of n products of unit variance.
    #expect(Swift.abs(x.dot(y) / Double(n)) < 5 / Double(n).squareRoot())
  }

  private func moments<Scalar: RealScalar>(_ type: Scalar.Type) {
    var source = RandomSource(seed: 77)
    let n = 400_000
    let bound = 5 / Double(n).squareRoot()
    let x = Tensor<Scalar>.normal([n], using: &source).converted(to: Double.self)
    #expect(Swift.abs(x.mean()) < bound)
    // Powers of a normal number: means 1, 0, 3; variances 2, 15, 96.
    #expect(Swift.abs(square(x).mean() - 1) < bound * 2.0.squareRoot())
    #expect(Swift.abs((square(x) * x).mean()) < bound * 15.0.squareRoot())
    #expect(Swift.abs(square(square(x)).mean() - 3) < bound * 96.0.squareRoot())
    let u = Tensor<Scalar>.uniform([n], using: &source).converted(to: Double.self)
    #expect(u.minimum() >= 0 && u.maximum() < 1)
    #expect(Swift.abs(u.mean() - 0.5) < bound * (1.0 / 12).squareRoot())
    #expect(Swift.abs(square(u).mean() - 1.0 / 3) < bound * (4.0 / 45).squareRoot())
    // A tenth of them in each tenth.
    for tenth in 0..<10 {
      let share = Double(u.scalars.count { Int($0 * 10) == tenth }) / Double(n)
      #expect(Swift.abs(share - 0.1) < bound * 0.3)
    }
  }

  @Test("Moments are those of the distributions")
  func distributions() {
    moments(Float.self)
    moments(Double.self)
  }

  @Test("Draws continue the stream")
  func continuation() {
    var source = RandomSource(seed: 5)
    let first = Tensor<Float>.normal([8], using: &source)
    let second = Tensor<Float>.normal([8], using: &source)
    #expect(first != second)
    var whole = RandomSource(seed: 5)
    let both = Tensor<Float>.normal([16], using: &whole)
    #expect(Tensor.concatenated([first, second]) == both)
    #expect(source == whole)
  }

  /// Of 2^25 numbers two or so are one step below 1, which added to 1 rounds to 2.
  @Test("Uniform numbers never reach their upper bound")
  func upperBound() {
    var source = RandomSource(seed: 4)
    let u = Tensor<Float>.uniform([1 << 25], low: 1, high: 2, using: &source)
    #expect(u.minimum() >= 1 && u.maximum() < 2)
  }

  @Test("Scaled numbers have the scale asked for")
  func scaledNumbers() {
    var source = RandomSource(seed: 6)
    var same = source
    let x = Tensor<Double>.normal([1000], mean: 3, standardDeviation: 2, using: &source)
    #expect((x - (Tensor<Double>.normal([1000], using: &same) * 2 + 3)).norm() == 0)
    let u = Tensor<Float>.uniform([1000], low: -2, high: 5, using: &source)
    #expect(u.minimum() >= -2 && u.maximum() <= 5)
  }

  @Test("Permutations hold every number once")
  func permutations() {
    var source = RandomSource(seed: 7)
    let p = Tensor<Int32>.permutation(500, using: &source)
    #expect(p.scalars.sorted() == (0..<500).map { Int32($0) })
    #expect(p != Tensor<Int32>.permutation(500, using: &source))
  }

  @Test("Empty shapes draw nothing")
  func emptyShapes() {
    var source = RandomSource(seed: 3)
    let before = source
    #expect(Tensor<Float>.normal([0, 4], using: &source).elementCount == 0)
    #expect(source == before)
  }
}
