public import Tensors

/// A tensor whose precision is chosen at run time: Float in use, Double in gradient checks.
public enum AnyTensor: Sendable {
  /// Single precision.
  case float(Tensor<Float>)
  /// Double precision.
  case double(Tensor<Double>)

  /// Wraps a tensor of either precision.
  public init<Scalar: RealScalar>(_ tensor: Tensor<Scalar>) {
    switch tensor {
    case let tensor as Tensor<Float>: self = .float(tensor)
    case let tensor as Tensor<Double>: self = .double(tensor)
    default: preconditionFailure("AnyTensor: \(Scalar.self) is neither Float nor Double")
    }
  }

  /// The sizes of the axes.
  public var shape: Shape {
    switch self {
    case .float(let tensor): tensor.shape
    case .double(let tensor): tensor.shape
    }
  }

  /// Whether the elements are Double.
  public var isDouble: Bool {
    if case .double = self { true } else { false }
  }

  /// The elements in the precision asked for; the tensor itself when it has it.
  public func tensor<Scalar: RealScalar>(as type: Scalar.Type) -> Tensor<Scalar> {
    switch self {
    case .float(let tensor): tensor as? Tensor<Scalar> ?? tensor.converted(to: type)
    case .double(let tensor): tensor as? Tensor<Scalar> ?? tensor.converted(to: type)
    }
  }

  /// `tensor(as:)` that gives up this reference, so that the result's storage may be unshared.
  consuming func consumed<Scalar: RealScalar>(as type: Scalar.Type) -> Tensor<Scalar> {
    switch consume self {
    case .float(let tensor): tensor as? Tensor<Scalar> ?? tensor.converted(to: type)
    case .double(let tensor): tensor as? Tensor<Scalar> ?? tensor.converted(to: type)
    }
  }

  /// The elements in single precision.
  public var float: Tensor<Float> {
    switch self {
    case .float(let tensor): tensor
    case .double(let tensor): tensor.converted(to: Float.self)
    }
  }

  /// The only element. Traps when there is not exactly one.
  public var scalar: Double {
    switch self {
    case .float(let tensor): Double(tensor.scalar)
    case .double(let tensor): tensor.scalar
    }
  }

  /// Whether no element is NaN or infinite.
  public var allFinite: Bool {
    switch self {
    case .float(let tensor): tensor.allFinite
    case .double(let tensor): tensor.allFinite
    }
  }

  /// Sum of squares of the elements.
  public var sumOfSquares: Double {
    switch self {
    case .float(let tensor): tensor.sumOfSquares()
    case .double(let tensor): tensor.sumOfSquares()
    }
  }

  /// Every element times a factor, in place when the storage is nobody else's.
  mutating func scale(by factor: Double) {
    switch consume self {
    case .float(var tensor):
      tensor *= Float(factor)
      self = .float(tensor)
    case .double(var tensor):
      tensor *= factor
      self = .double(tensor)
    }
  }

  /// `self += other`, in place when the storage is nobody else's; either operand's is used.
  mutating func accumulate(_ other: consuming AnyTensor) {
    switch (consume self, consume other) {
    case (.float(var a), .float(var b)):
      if !a.isUniquelyReferenced() || !a.isContiguous { swap(&a, &b) }
      a += b
      self = .float(a)
    case (.double(var a), .double(var b)):
      if !a.isUniquelyReferenced() || !a.isContiguous { swap(&a, &b) }
      a += b
      self = .double(a)
    case (let a, let b):
      var sum = a.tensor(as: Double.self)
      sum += b.tensor(as: Double.self)
      self = .double(sum)
    }
  }
}
