public import Autodiff

/// What an optimizer remembers of each parameter.
///
/// An entry belongs to its parameter, and goes when the parameter does: a new parameter begins without
/// one, wherever it lies in memory.
///
/// ```swift
/// private var velocities = ParameterTable<Tensor<Float>>()
/// ...
/// var velocity = velocities.remove(parameter) ?? .zeros(parameter.shape)  // to change it in place
/// velocities[parameter] = velocity
/// ```
public struct ParameterTable<Value> {
  private struct Entry {
    weak var parameter: Parameter?
    var value: Value
  }
  private var entries: [ObjectIdentifier: Entry] = [:]
  /// Entries of parameters that are gone are looked for when there are this many.
  private var sweepCount = 64

  /// An empty table.
  public init() {}

  /// What is remembered of a parameter; nil for nothing.
  public subscript(parameter: Parameter) -> Value? {
    get {
      guard let entry = entries[ObjectIdentifier(parameter)], entry.parameter === parameter else {
        return nil
      }
      return entry.value
    }
    set {
      entries[ObjectIdentifier(parameter)] = newValue.map { Entry(parameter: parameter, value: $0) }
      if entries.count >= sweepCount { sweep() }
    }
  }

  /// Takes what is remembered of a parameter out of the table, so that it can be changed in place.
  public mutating func remove(_ parameter: Parameter) -> Value? {
    guard let entry = entries.removeValue(forKey: ObjectIdentifier(parameter)),
      entry.parameter === parameter
    else { return nil }
    return entry.value
  }

  /// What is remembered of all parameters that exist.
  public var values: some Sequence<Value> {
    entries.values.lazy.filter { $0.parameter != nil }.map(\.value)
  }

  private mutating func sweep() {
    entries = entries.filter { $0.value.parameter != nil }
    sweepCount = max(64, 2 * entries.count)
  }
}
