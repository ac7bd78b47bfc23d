internal import Autodiff
public import Tensors

/// Which parameters of a module a set of named tensors filled.
public struct ParameterLoadReport: Sendable, Hashable, CustomStringConvertible {
  /// Parameters without a tensor of their name; they keep their values.
  public var missing: [String] = []
  /// Tensors without a parameter of their name; they were not read.
  public var unexpected: [String] = []

  /// Whether every parameter had its tensor and every tensor its parameter.
  public var isComplete: Bool { missing.isEmpty && unexpected.isEmpty }

  /// The names, one a line.
  public var description: String {
    if isComplete { return "every parameter was loaded" }
    return (missing.map { "missing: \($0)" } + unexpected.map { "unexpected: \($0)" })
      .joined(separator: "\n")
  }
}

/// A tensor of another shape than the parameter of its name.
public struct ParameterShapeError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The dotted name of the parameter.
  public let name: String
  /// The shape of the tensor.
  public let found: Shape
  /// The shape of the parameter.
  public let expected: Shape

  /// An error about the parameter `name`.
  public init(name: String, found: Shape, expected: Shape) {
    self.name = name
    self.found = found
    self.expected = expected
  }

  /// One sentence.
  public var description: String {
    "\(name): the tensor has shape \(found), the model expects \(expected)"
  }
}

extension Module {
  /// Sets each parameter to the tensor of its dotted name. One that is shared takes the tensor of any
  /// of its names.
  ///
  /// - Parameters:
  ///   - names: The names of all tensors there are.
  ///   - tensor: Reads one of them; called once for each parameter, in order.
  /// - Throws: What `tensor` throws, or a `ParameterShapeError`; parameters before it are set then.
  public func loadParameters(
    named names: some Sequence<String>, from tensor: (String) throws -> Tensor<Float>
  ) throws -> ParameterLoadReport {
    let available = Set(names)
    var report = ParameterLoadReport()
    var aliases: [ObjectIdentifier: [String]] = [:]
    walk { name, content in
      if case .parameter(let parameter) = content {
        aliases[ObjectIdentifier(parameter), default: []].append(name)
      }
    }
    for (name, parameter) in namedParameters() {
      let known = aliases[ObjectIdentifier(parameter)] ?? [name]
      guard let source = known.first(where: available.contains) else {
        report.missing.append(name)
        continue
      }
      let value = try tensor(source)
      guard value.shape == parameter.shape else {
        throw ParameterShapeError(name: source, found: value.shape, expected: parameter.shape)
      }
      parameter.tensor = value
    }
    report.unexpected = available.subtracting(aliases.values.joined()).sorted()
    return report
  }
}
