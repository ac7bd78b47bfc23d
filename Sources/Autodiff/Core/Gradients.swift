public import Tensors

/// A collection of parameters' gradients.
public struct Gradients {
  private var entries: [ObjectIdentifier: (parameter: Parameter, value: AnyTensor)] = [:]
  private var order: [ObjectIdentifier] = []

  private let storage: ParameterStorage

  /// An empty collection.
  ///
  /// - Parameter storage: How gradients are held; in 16 bits they are rounded to nearest.
  public init(storage: ParameterStorage = .float32) { self.storage = storage }

  /// Adds a gradient to the sum for its parameter.
  public mutating func add(_ gradient: consuming AnyTensor, for parameter: Parameter) {
    let key = ObjectIdentifier(parameter)
    if storage == .bfloat16, entries[key] == nil {
      order.append(key)
      let half = gradient.float.converted()
      half.count(as: .gradients)
      entries[key] = (parameter, .bfloat16(half))
      return
    }
    if var entry = entries.removeValue(forKey: key) {
      entry.value.accumulate(gradient)
      entry.value.count(as: .gradients)
      entries[key] = entry
    } else {
      order.append(key)
      entries[key] = (parameter, gradient)
    }
  }

  /// The gradient of a parameter in single precision; nil if there is none.
  public subscript(parameter: Parameter) -> Tensor<Float>? {
    entries[ObjectIdentifier(parameter)]?.value.float
  }

  /// The gradient of a parameter in its stored precision; nil if there is none.
  public func value(of parameter: Parameter) -> AnyTensor? {
    entries[ObjectIdentifier(parameter)]?.value
  }

  /// The number of parameters with a gradient.
  public var count: Int { order.count }

  /// Bytes held.
  public var byteCount: Int { entries.values.reduce(0) { $0 + $1.value.byteCount } }

  /// The Euclidean norm of all gradients together.
  public var globalNorm: Double {
    order.reduce(0) { $0 + entries[$1]!.value.sumOfSquares }.squareRoot()
  }

  /// Multiplies every gradient by a factor.
  public mutating func scale(by factor: Double) {
    for key in order {
      // Removed from the dictionary, so that it is changed in place.
      guard var entry = entries.removeValue(forKey: key) else { continue }
      entry.value.scale(by: factor)
      entries[key] = entry
    }
  }

  /// The same gradients, scaled down together if their global norm exceeds `norm` (Pascanu et al., 2013,
  /// arXiv 1211.5063). Traps unless `norm` is positive.
  public consuming func clipped(toGlobalNorm norm: Double) -> Gradients {
    precondition(norm > 0, "clipped(toGlobalNorm:): \(norm) is not positive")
    let total = globalNorm
    if total > norm { scale(by: norm / total) }
    return self
  }

  /// Removes all gradients and passes them to `body`, in the order in which they were first added.
  public mutating func drain(_ body: (Parameter, consuming AnyTensor) throws -> Void) rethrows {
    let keys = order
    order = []
    for key in keys {
      guard let entry = entries.removeValue(forKey: key) else { continue }
      try body(entry.parameter, entry.value)
    }
  }
}

/// The value of a loss and the gradients of all parameters it depends on.
public func valueAndGradients(of loss: Variable) -> (value: Double, gradients: Gradients) {
  var gradients = Gradients()
  // The consumer does not throw, so neither does the pass.
  try! backward(from: loss) { event in
    if case .dense(let parameter, let gradient) = event {
      gradients.add(gradient, for: parameter)
    }
  }
  return (loss.scalar, gradients)
}
