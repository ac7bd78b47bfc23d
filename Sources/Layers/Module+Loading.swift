internal import Autodiff
public import Tensors

/// How well a set of named tensors matched the parameters of a module.
public struct ParameterLoadReport: Sendable, Hashable, CustomStringConvertible {
  /// A tensor with a different shape than the parameter of its name.
  public struct Mismatch: Sendable, Hashable {
    /// The name of the tensor.
    public let name: String
    /// The shape of the tensor.
    public let found: Shape
    /// The shape of the parameter.
    public let expected: Shape
  }

  /// Parameters without a tensor of their name, which keep their values.
  public var missing: [String] = []
  /// Tensors without a parameter of their name, which were not read.
  public var unexpected: [String] = []
  /// Tensors with a different shape than their parameters, which keep their values.
  public var mismatched: [Mismatch] = []
  /// Tensors of the module's state that are not parameters, such as packed matrices, which keep their
  /// values: a model with such state is saved and loaded as a whole.
  public var state: [String] = []

  /// Whether all parameters and tensors matched and there is no other state to load.
  public var isComplete: Bool {
    missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty && state.isEmpty
  }

  /// All names with their problems, one per line.
  public var description: String {
    if isComplete { return "every parameter was loaded" }
    return
      (missing.map { "missing: \($0)" } + unexpected.map { "unexpected: \($0)" }
      + mismatched.map { "\($0.name): the tensor has shape \($0.found), not \($0.expected)" }
      + state.map { "\($0): not a parameter, so it was not loaded" })
      .joined(separator: "\n")
  }

  /// Throws a `ParameterLoadError` unless `isComplete`.
  public func requireComplete() throws(ParameterLoadError) {
    if !isComplete { throw ParameterLoadError(report: self) }
  }
}

/// Named tensors that do not fit the parameters of a module.
public struct ParameterLoadError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The tensors that do not fit, and why.
  public let report: ParameterLoadReport

  /// All names, one per line.
  public var description: String {
    "The tensors do not fit the model's parameters:\n\(report)"
  }
}

extension Module {
  /// Sets each parameter to the tensor of its dotted name. A shared parameter takes the tensor of any of
  /// its names. Tensors that do not fit are reported, and all others are loaded.
  ///
  /// - Parameters:
  ///   - names: The names of all available tensors.
  ///   - tensor: Reads the tensor of a name; called once for each parameter, in order.
  /// - Returns: A report of what was missing, unexpected, or of another shape; its `requireComplete()`
  ///   throws for any of these.
  /// - Throws: Whatever `tensor` throws; parameters before it are set by then.
  public func loadParameters(
    named names: some Sequence<String>, from tensor: (String) throws -> Tensor<Float>
  ) rethrows -> ParameterLoadReport {
    let available = Set(names)
    var report = ParameterLoadReport()
    var aliases: [ObjectIdentifier: [String]] = [:]
    walk { name, content in
      switch content {
      case .parameter(let parameter):
        aliases[ObjectIdentifier(parameter), default: []].append(name)
      case .state: report.state.append(name)
      case .frozen, .module: break
      }
    }
    for (name, parameter) in namedParameters() {
      let known = aliases[ObjectIdentifier(parameter)] ?? [name]
      guard let source = known.first(where: available.contains) else {
        report.missing.append(name)
        continue
      }
      let value = try tensor(source)
      if value.shape == parameter.shape {
        parameter.tensor = value
      } else {
        report.mismatched.append(
          .init(name: source, found: value.shape, expected: parameter.shape))
      }
    }
    report.unexpected = available.subtracting(aliases.values.joined()).sorted()
    return report
  }

  /// `loadParameters(named:from:)` from tensors in memory.
  public func loadParameters(_ tensors: [String: Tensor<Float>]) -> ParameterLoadReport {
    loadParameters(named: tensors.keys) { tensors[$0]! }
  }

  /// All parameters' values by dotted name, as `loadParameters` takes them, sharing storage. Other state,
  /// such as packed matrices, is not included.
  public var parameterTensors: [String: Tensor<Float>] {
    Dictionary(
      namedParameters().map { ($0.name, $0.parameter.tensor) },
      uniquingKeysWith: { first, _ in first })
  }
}
