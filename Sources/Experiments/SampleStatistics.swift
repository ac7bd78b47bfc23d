/// The mean of some numbers and how far it can be trusted.
public struct SampleStatistics: Sendable, Hashable {
  /// How many numbers.
  public let count: Int
  /// Their mean; not a number when there are none.
  public let mean: Double
  /// The standard error of the mean: the standard deviation of the sample, with count - 1 degrees of
  /// freedom, over the root of the count. Nil below two numbers.
  public let standardError: Double?

  /// The statistics of some numbers.
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
