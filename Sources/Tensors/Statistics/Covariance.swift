/// Whether the rows or the columns of a matrix are the variables that were observed.
public enum ObservedVariables: Hashable, Sendable {
  /// Each row is a variable, each column an observation.
  case rows
  /// Each column is a variable, each row an observation.
  case columns
}

/// The covariances `[variables, variables]` of the variables of a matrix, over the number of
/// observations minus `correction` (1 for the unbiased estimate from a sample). Traps unless it is a
/// matrix.
public func covariance<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, variables: ObservedVariables = .rows, correction: Int = 1
) -> Tensor<Scalar> {
  precondition(x.rank == 2, "covariance: shape \(x.shape) is not a matrix")
  let rows = variables == .rows ? x : x.transposed()
  let centred = rows - rows.mean(alongAxes: [1])
  return matmul(centred, centred.transposed()) / Scalar(max(0, rows.shape[1] - correction))
}

/// The correlations `[variables, variables]` of the variables of a matrix, from -1 through 1; NaN for
/// a variable that does not vary. Traps unless it is a matrix.
public func correlation<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, variables: ObservedVariables = .rows
) -> Tensor<Scalar> {
  let c = covariance(x, variables: variables)
  let deviations = sqrt(c.diagonal())
  return clamp(c / deviations.expandingShape(at: 1) / deviations, to: -1...1)
}
