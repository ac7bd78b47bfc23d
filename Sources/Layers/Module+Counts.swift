import Autodiff
import Tensors

/// The numbers of elements and bytes in a module.
public struct ParameterCounts: Sendable, Hashable {
  /// Elements of parameters that training changes.
  public var trainable = 0
  /// Elements of frozen parameters and of the frozen matrices of quantised layers.
  public var frozen = 0
  /// Bytes of all parameters.
  public var parameterBytes = 0
  /// Bytes of other state: the packed codes of quantised matrices and their scales.
  public var stateBytes = 0

  /// Elements of all parameters and frozen matrices.
  public var total: Int { trainable + frozen }
  /// Bytes of parameters and other state.
  public var byteCount: Int { parameterBytes + stateBytes }

  mutating func add(_ parameter: Parameter) {
    let count = parameter.shape.elementCount
    if parameter.isTrainable { trainable += count } else { frozen += count }
    parameterBytes += parameter.byteCount
  }
}

extension Module {
  /// Elements of all parameters; a shared parameter counts once.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.shape.elementCount } }

  /// Elements and bytes of all parameters, frozen matrices and other state; a shared parameter counts
  /// once.
  public var parameterCounts: ParameterCounts {
    var counts = ParameterCounts()
    for parameter in parameters { counts.add(parameter) }
    if let layer = self as? any LinearLayer { counts.frozen += layer.frozenCount }
    for (_, layer) in modules(ofType: (any LinearLayer).self) { counts.frozen += layer.frozenCount }
    walk { _, content in
      if case .state(let tensor) = content { counts.stateBytes += tensor.byteCount }
    }
    return counts
  }

  /// Makes all parameters trainable, or freezes them all.
  public func setTrainable(_ isTrainable: Bool) {
    for parameter in parameters { parameter.isTrainable = isTrainable }
  }

  /// Makes the parameters whose dotted names match `pattern` trainable, or freezes them. `*` matches any
  /// characters including dots, and everything else matches itself.
  ///
  /// ```swift
  /// model.setTrainable(false)
  /// model.setTrainable(true, matching: "classifier.*")
  /// ```
  ///
  /// - Returns: The matching names, so that a pattern without a match can be detected.
  @discardableResult
  public func setTrainable(_ isTrainable: Bool, matching pattern: String) -> [String] {
    let fitting = namedParameters().filter { fits($0.name, pattern) }
    for (_, parameter) in fitting { parameter.isTrainable = isTrainable }
    return fitting.map(\.name)
  }
}

extension LinearLayer {
  /// Elements of the matrix if it is not held as a parameter.
  fileprivate var frozenCount: Int {
    let isFrozen = members.contains { if case .frozen = $0.content { true } else { false } }
    return isFrozen ? inputSize * outputSize : 0
  }
}

/// Whether a name matches a pattern in which `*` matches any characters.
private func fits(_ name: String, _ pattern: String) -> Bool {
  let (name, pattern) = (Array(name.utf8), Array(pattern.utf8))
  let star = UInt8(ascii: "*")
  var (i, j) = (0, 0)
  // Where to resume if the last star has to match one more character.
  var retry: (name: Int, pattern: Int)?
  while i < name.count {
    if j < pattern.count, pattern[j] == star {
      retry = (i, j + 1)
      j += 1
    } else if j < pattern.count, pattern[j] == name[i] {
      i += 1
      j += 1
    } else if let (start, next) = retry {
      retry = (start + 1, next)
      (i, j) = (start + 1, next)
    } else {
      return false
    }
  }
  return pattern[j...].allSatisfy { $0 == star }
}
