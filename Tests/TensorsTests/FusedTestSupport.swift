import TestSupport
import Tensors
import Testing

/// Standard normal numbers of a seed.
func normal(_ shape: Shape, seed: UInt64) -> Tensor<Double> {
  var source = RandomSource(seed: seed)
  return .normal(shape, using: &source)
}

/// Expects |a - b| <= absolute + relative * |b| for every element, and equal shapes.
func expectClose(
  _ a: Tensor<Double>, _ b: Tensor<Double>, absolute: Double, relative: Double = 0,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard a.shape == b.shape else {
    Issue.record("shapes \(a.shape) and \(b.shape) differ", sourceLocation: sourceLocation)
    return
  }
  let wrong = zip(a.scalars, b.scalars).enumerated().filter { _, pair in
    !(Swift.abs(pair.0 - pair.1) <= absolute + relative * Swift.abs(pair.1))
  }
  if let (index, pair) = wrong.first {
    Issue.record(
      "\(wrong.count) of \(a.elementCount) elements differ; at \(index): \(pair.0), not \(pair.1)",
      sourceLocation: sourceLocation)
  }
}

/// The gradient of `function` at `x` by central differences with steps of 1e-6, which magnify the
/// rounding of `function`: values of size 100 leave an error of about 2e-8.
func numericalGradient(
  at x: Tensor<Double>, of function: (Tensor<Double>) -> Double
) -> Tensor<Double> {
  let values = x.scalars
  let step = 1e-6
  let differences = values.indices.map { i in
    var moved = values
    moved[i] = values[i] + step
    let above = function(Tensor(moved, shape: x.shape))
    moved[i] = values[i] - step
    return (above - function(Tensor(moved, shape: x.shape))) / (2 * step)
  }
  return Tensor(differences, shape: x.shape)
}

/// `numericalGradient` along one direction, which is all that large arguments allow in reasonable
/// time.
func numericalDerivative(
  at x: Tensor<Double>, along direction: Tensor<Double>, of function: (Tensor<Double>) -> Double
) -> Double {
  let step = 1e-6
  return (function(x + direction * step) - function(x - direction * step)) / (2 * step)
}

/// Where the elements are, to see whether a result reuses its argument's storage.
func address<Scalar: TensorScalar>(of tensor: Tensor<Scalar>) -> Int {
  tensor.withUnsafeBuffer { Int(bitPattern: $0.baseAddress) }
}

/// The cases of PyTorch's reference values whose name begins with one of `prefixes`.
func operationCases(_ prefixes: String...) throws -> [OperationCase] {
  let fixture = try Fixture("operations")
  let cases = fixture.cases.filter { name in prefixes.contains { name.hasPrefix($0) } }
  try #require(!cases.isEmpty)
  return cases.map { OperationCase(fixture: fixture, name: $0) }
}

/// One case of PyTorch's reference values: computed in double, rounded once to float.
struct OperationCase {
  let fixture: Fixture
  let name: String

  subscript(_ tensor: String) -> Tensor<Float> {
    get throws { try fixture.tensor(tensor, of: name) }
  }

  /// Expects `actual` to be the stored tensor, to within a hundred roundings of its largest
  /// element, which sums of a few hundred products in single precision may lose.
  func expect(
    _ actual: Tensor<Float>, is tensor: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = try self[tensor]
    let scale = Double(max(1, Tensors.abs(expected).maximum()))
    let difference = maxDifference(actual, expected)
    #expect(
      difference <= 6e-6 * scale, "\(name)/\(tensor)", sourceLocation: sourceLocation)
  }
}
