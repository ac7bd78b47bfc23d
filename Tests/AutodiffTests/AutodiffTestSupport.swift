import Autodiff
import JSON
import TensorFiles
import TestSupport
import Tensors
import Testing

/// Standard normal numbers from a seed.
func normal(_ shape: Shape, seed: UInt64) -> Tensor<Float> {
  var source = RandomSource(seed: seed)
  return .normal(shape, using: &source)
}

/// Checks the gradient of `operation` for every argument at normal arguments of the given shapes. A fixed
/// random weighting of the output tells its elements apart.
func expectGradients(
  _ shapes: [Shape], arguments: [Tensor<Float>]? = nil,
  sourceLocation: SourceLocation = #_sourceLocation, of operation: ([Variable]) -> Variable
) {
  let parameters = shapes.enumerated().map { index, shape in
    Parameter(
      arguments?[index] ?? normal(shape, seed: UInt64(index) + 1), name: "argument \(index)")
  }
  let report = checkGradients(of: parameters) {
    let output = operation(parameters.map { Variable($0) })
    return (output * Variable(normal(output.shape, seed: 99))).sum()
  }
  #expect(
    report.passed, "\(shapes): \(report.failures.prefix(3))", sourceLocation: sourceLocation)
}

/// PyTorch's cases whose names begin with `prefix` and an argument's size.
func goldenCases(_ prefix: String, in file: String = "operations") throws -> [GoldenCase] {
  let fixture = try Fixture(file)
  let cases = fixture.cases.filter { $0.hasPrefix(prefix) }
  try #require(!cases.isEmpty)
  return cases.map { GoldenCase(fixture: fixture, name: $0) }
}

/// An operation's arguments and output, and the gradient of each argument for a given gradient of the
/// output, computed in double and rounded once.
struct GoldenCase {
  let fixture: Fixture
  let name: String

  func integers(_ tensor: String) throws -> Tensor<Int32> {
    let values = try fixture.tensor(tensor, of: name, as: Int64.self)
    return Tensor(values.scalars.map(Int32.init), shape: values.shape)
  }

  func tensor(_ tensor: String) throws -> Tensor<Float> { try fixture.tensor(tensor, of: name) }

  /// A parameter with two numbers.
  func size(_ key: String) -> Size2D {
    let numbers = fixture.numbers(key, of: name)
    return Size2D(Int(numbers[0]), Int(numbers[1]))
  }

  func parameter(_ key: String) -> Double? { fixture.parameter(key, of: name)?.numberValue }

  /// Expects `operation` to have the stored output and gradients. 1e-5 of the norm covers the roundings,
  /// 6e-8 each, of sums of a few hundred products.
  ///
  /// - Parameter floor: The least norm to compare errors with: the size of the terms if a gradient
  ///   nearly cancels.
  func expect(
    _ arguments: String..., floor: Double = 0, sourceLocation: SourceLocation = #_sourceLocation,
    of operation: ([Variable]) -> Variable
  ) throws {
    func compare(_ actual: Tensor<Float>, _ tensor: String) throws {
      let expected: Tensor<Float> = try fixture.tensor(tensor, of: name)
      // The file format has no scalars.
      let difference = actual.reshaped(to: expected.shape) - expected
      #expect(
        difference.norm() <= 1e-5 * max(expected.norm(), floor), "\(name)/\(tensor)",
        sourceLocation: sourceLocation)
    }
    let parameters = try arguments.map {
      Parameter(try fixture.tensor($0, of: name), name: $0)
    }
    let output = operation(parameters.map { Variable($0) })
    try compare(output.tensor, "output")
    let seed: Tensor<Float> = try fixture.tensor("output_gradient", of: name)
    var gradients = Gradients()
    try backward(from: output, seed: .float(seed.reshaped(to: output.shape))) { event in
      if case .dense(let parameter, let gradient) = event {
        gradients.add(gradient, for: parameter)
      }
    }
    for parameter in parameters {
      try compare(
        gradients[parameter] ?? .zeros(parameter.shape), parameter.name + "_gradient")
    }
  }
}

/// The shapes at which gradients of losses are checked.
let lossShapes: [Shape] = [
  [1], [2], [5], [1, 1], [1, 4], [4, 1], [3, 5], [2, 2], [7, 3], [1, 9], [2, 3, 4], [1, 1, 1],
  [3, 1, 2], [2, 2, 3], [6, 2], [2, 6], [1, 2, 5], [4, 4], [2, 1, 2, 2], [13],
]
