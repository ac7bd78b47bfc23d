/// What the products with a packed matrix are computed in.
public enum Arithmetic: String, Hashable, Sendable, Codable, CaseIterable {
  /// Floats: the matrix is dequantised panel by panel.
  case float
  /// 8-bit integers: both sides are rounded to 8 bits with a scale for every 64 terms of the sum,
  /// whose products are summed exactly as 32-bit integers; these sums are added as floats.
  ///
  /// x is rounded to nearest in `x wᵀ`, and at random in `x w`, which for a linear layer is the
  /// gradient for its input, so that the expected result is that of x unrounded. The random numbers
  /// are determined by x. The result has the same bits on every processor and for any number of
  /// threads. A row of x that contains NaN or infinity gives a row of NaN.
  case int8

  /// The rows of x up to which 8-bit products are formed in floats: rounding the matrix costs more
  /// than so few products save.
  static let fewRows = 8
}
