/// The mean of a sample and its standard error.
public struct SampleStatistics: Sendable, Hashable {
  /// The size of the sample.
  public let count: Int
  /// The mean; NaN for an empty sample.
  public let mean: Double
  /// The standard error of the mean: the sample standard deviation, with count - 1 degrees of freedom,
  /// divided by the root of the count. Nil for fewer than two numbers.
  public let standardError: Double?

  /// The statistics of a sample.
  public init(_ values: [Double]) {
    count = values.count
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    guard values.count > 1 else {
      standardError = nil
      return
    }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    standardError = (squares / Double(values.count - 1) / Double(values.count)).squareRoot()
  }
}
