extension RandomSource {
  /// A number in `0..<bound`: the upper half of a product. It is off the uniform distribution by
  /// less than `bound / 2^64`, unlike a remainder, and the same in every version of the language.
  mutating func index(below bound: UInt64) -> UInt64 { next().multipliedFullWidth(by: bound).high }
}

extension Tensor where Scalar: RealScalar {
  /// Independent normal numbers of the given mean and standard deviation; those more than
  /// `deviations` standard deviations from the mean are drawn again. Traps unless `deviations` is
  /// at least 0.1: below that, nearly every number would be.
  public static func truncatedNormal(
    _ shape: Shape, mean: Scalar = 0, standardDeviation: Scalar = 1, within deviations: Scalar = 2,
    using source: inout RandomSource
  ) -> Tensor {
    precondition(
      deviations >= 0.1, "truncatedNormal: \(deviations) standard deviations are less than 0.1")
    var result = normal(shape, using: &source)
    var outside = result.positions(beyond: deviations, among: nil)
    while !outside.isEmpty {
      let drawn = normal([outside.count], using: &source)
      result.withUnsafeMutableBuffer { buffer in
        drawn.withUnsafeBuffer { for (place, value) in zip(outside, $0) { buffer[place] = value } }
      }
      outside = result.positions(beyond: deviations, among: outside)
    }
    if standardDeviation != 1 { result *= standardDeviation }
    return mean == 0 ? result : result + mean
  }

  private func positions(beyond limit: Scalar, among places: [Int]?) -> [Int] {
    withUnsafeBuffer { values in
      if let places { return places.filter { values[$0].magnitude > limit } }
      return values.indices.filter { values[$0].magnitude > limit }
    }
  }
}

extension Tensor where Scalar: FixedWidthInteger {
  /// Independent uniform integers in a range. They are uniform up to its width over 2^64: in a
  /// range of more than half the numbers of `Int64`, some are drawn twice as often as others. Traps
  /// if it is empty.
  public static func integers(
    _ shape: Shape, in range: Range<Scalar>, using source: inout RandomSource
  ) -> Tensor {
    precondition(!range.isEmpty, "integers: range \(range) is empty")
    let bound = UInt64(truncatingIfNeeded: Int64(range.upperBound) &- Int64(range.lowerBound))
    return Tensor(
      (0..<shape.elementCount).map { _ in
        range.lowerBound &+ Scalar(truncatingIfNeeded: source.index(below: bound))
      }, shape: shape)
  }
}

extension Tensor where Scalar == Int32 {
  /// `count` distinct numbers of `0..<population` in random order, in memory for only `count` of
  /// them. Traps if there are fewer.
  public static func choice(
    of count: Int, from population: Int, using source: inout RandomSource
  ) -> Tensor {
    precondition(
      count >= 0 && count <= population && population <= Int(Int32.max),
      "choice: cannot draw \(count) distinct numbers from \(population)")
    // The first steps of a shuffle that stores only the places it touches.
    var moved: [Int: Int] = [:]
    return Tensor(
      (0..<count).map { i in
        let j = i + Int(source.index(below: UInt64(population - i)))
        let chosen = moved[j] ?? j
        moved[j] = moved[i] ?? i
        return Int32(chosen)
      })
  }
}
