public import Tensors

/// The largest difference of two elements relative to the larger of their magnitudes, or to `floor` if
/// both are smaller. Infinite if one is NaN and the other is not.
public func maxRelativeDifference<Scalar: TensorScalar & BinaryFloatingPoint>(
  _ actual: Tensor<Scalar>, _ expected: Tensor<Scalar>, floor: Double = .leastNormalMagnitude
) -> Double {
  largest(actual, expected, "maxRelativeDifference") { a, b in
    a == b ? 0 : abs(Double(a) - Double(b)) / max(abs(Double(a)), abs(Double(b)), floor)
  }
}

/// The largest difference of two elements. Infinite if one is NaN and the other is not.
public func maxDifference<Scalar: TensorScalar & BinaryFloatingPoint>(
  _ actual: Tensor<Scalar>, _ expected: Tensor<Scalar>
) -> Double {
  largest(actual, expected, "maxDifference") { a, b in
    a == b ? 0 : abs(Double(a) - Double(b))
  }
}

/// The largest difference of two elements in units in the last place.
public func maxUlpDistance<Scalar: TensorScalar & BinaryFloatingPoint>(
  _ actual: Tensor<Scalar>, _ expected: Tensor<Scalar>
) -> Double {
  largest(actual, expected, "maxUlpDistance", ulpDistance)
}

/// The difference of two numbers in units in the last place of the larger one. Infinite if one is infinite
/// or NaN and the other is not the same.
public func ulpDistance<Scalar: BinaryFloatingPoint>(_ a: Scalar, _ b: Scalar) -> Double {
  if a == b || (a.isNaN && b.isNaN) { return 0 }
  guard a.isFinite, b.isFinite else { return .infinity }
  return abs(Double(a) - Double(b)) / Double(max(abs(a), abs(b)).ulp)
}

/// The norm of the difference relative to the norm of `expected`, summed in double, for results whose
/// single elements may cancel. The norm of `actual` if `expected` is zero.
public func relativeError<Scalar: TensorScalar & BinaryFloatingPoint>(
  _ actual: Tensor<Scalar>, _ expected: Tensor<Scalar>
) -> Double {
  precondition(
    actual.shape == expected.shape, "relativeError: \(actual.shape) against \(expected.shape)")
  var difference = 0.0
  var norm = 0.0
  for (a, b) in zip(actual.scalars, expected.scalars) {
    difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
    norm += Double(b) * Double(b)
  }
  let error = norm == 0 ? difference.squareRoot() : (difference / norm).squareRoot()
  return error.isNaN ? .infinity : error
}

private func largest<Scalar: TensorScalar & BinaryFloatingPoint>(
  _ actual: Tensor<Scalar>, _ expected: Tensor<Scalar>, _ operation: String,
  _ measure: (Scalar, Scalar) -> Double
) -> Double {
  precondition(
    actual.shape == expected.shape, "\(operation): \(actual.shape) against \(expected.shape)")
  var result = 0.0
  for (a, b) in zip(actual.scalars, expected.scalars) where !(a.isNaN && b.isNaN) {
    let difference = measure(a, b)
    // A comparison would ignore NaN.
    result = difference.isNaN ? .infinity : max(result, difference)
  }
  return result
}
