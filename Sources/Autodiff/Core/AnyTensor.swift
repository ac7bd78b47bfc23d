public import Tensors

/// A tensor whose precision is chosen at run time: Float in normal use, Double in gradient checks,
/// BFloat16 for storage in 16 bits with arithmetic in single precision.
public enum AnyTensor: Sendable {
  /// Single precision.
  case float(Tensor<Float>)
  /// Double precision.
  case double(Tensor<Double>)
  /// 16 bits, widened to single precision for arithmetic.
  case bfloat16(Tensor<BFloat16>)

  /// Wraps a tensor of Float or Double.
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
    case .bfloat16(let tensor): tensor.shape
    }
  }

  /// Bytes of the elements.
  public var byteCount: Int {
    switch self {
    case .float(let tensor): tensor.byteCount
    case .double(let tensor): tensor.byteCount
    case .bfloat16(let tensor): tensor.byteCount
    }
  }

  /// Counts its buffer as `kind`.
  func count(as kind: TensorMemory.Kind) {
    switch self {
    case .float(let tensor): tensor.count(as: kind)
    case .double(let tensor): tensor.count(as: kind)
    case .bfloat16(let tensor): tensor.count(as: kind)
    }
  }

  /// Whether the elements are Double.
  public var isDouble: Bool {
    if case .double = self { true } else { false }
  }

  /// Whether the elements are BFloat16.
  var isHalf: Bool {
    if case .bfloat16 = self { true } else { false }
  }

  /// The elements in the given precision; the tensor itself if it has that precision.
  public func tensor<Scalar: RealScalar>(as type: Scalar.Type) -> Tensor<Scalar> {
    switch self {
    case .float(let tensor): tensor as? Tensor<Scalar> ?? tensor.converted(to: type)
    case .double(let tensor): tensor as? Tensor<Scalar> ?? tensor.converted(to: type)
    case .bfloat16(let tensor): tensor.converted(to: type)
    }
  }

  /// `tensor(as:)`, with a widened copy counted as scratch.
  func widened<Scalar: RealScalar>(to type: Scalar.Type) -> Tensor<Scalar> {
    isHalf ? TensorMemory.counting(as: .scratch) { tensor(as: type) } : tensor(as: type)
  }

  /// `tensor(as:)` that consumes this reference, so that the result's storage may be unshared.
  consuming func consumed<Scalar: RealScalar>(as type: Scalar.Type) -> Tensor<Scalar> {
    switch consume self {
    case .float(let tensor): tensor as? Tensor<Scalar> ?? tensor.converted(to: type)
    case .double(let tensor): tensor as? Tensor<Scalar> ?? tensor.converted(to: type)
    case .bfloat16(let tensor): tensor.converted(to: type)
    }
  }

  /// The elements in single precision.
  public var float: Tensor<Float> { tensor(as: Float.self) }

  /// The only element. Traps when there is not exactly one.
  public var scalar: Double {
    switch self {
    case .float(let tensor): Double(tensor.scalar)
    case .double(let tensor): tensor.scalar
    case .bfloat16(let tensor): Double(Float(tensor.scalar))
    }
  }

  /// Whether no element is NaN or infinite.
  public var allFinite: Bool {
    switch self {
    case .float(let tensor): tensor.allFinite
    case .double(let tensor): tensor.allFinite
    case .bfloat16(let tensor): tensor.chunks.allSatisfy(\.allFinite)
    }
  }

  /// Sum of squares of the elements.
  public var sumOfSquares: Double {
    switch self {
    case .float(let tensor): tensor.sumOfSquares()
    case .double(let tensor): tensor.sumOfSquares()
    case .bfloat16(let tensor): tensor.chunks.reduce(0) { $0 + $1.sumOfSquares() }
    }
  }

  /// Multiplies every element by a factor, in place if the storage is unshared.
  mutating func scale(by factor: Double) {
    switch consume self {
    case .float(var tensor):
      tensor *= Float(factor)
      self = .float(tensor)
    case .double(var tensor):
      tensor *= factor
      self = .double(tensor)
    case .bfloat16(let tensor):
      self = .bfloat16((tensor.converted(to: Float.self) * Float(factor)).converted())
    }
  }

  /// `self += other`, in place in the storage of either operand if that is unshared. A sum stored in 16
  /// bits stays so.
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
    case (.bfloat16(let a), let b):
      var sum = a.converted(to: Float.self)
      sum += b.float
      self = .bfloat16(sum.converted())
    case (let a, let b):
      var sum = a.tensor(as: Double.self)
      sum += b.tensor(as: Double.self)
      self = .double(sum)
    }
  }
}

/// A 16-bit table for the forward pass of one operation, which releases it afterwards, so that an update
/// in the backward pass finds it unshared.
final class HalfTable {
  private var rows: Tensor<BFloat16>?

  init(_ rows: Tensor<BFloat16>) { self.rows = rows }

  func take() -> Tensor<BFloat16>? { rows.take() }
}

extension Tensor<Float> {
  /// The elements in 16 bits, rounded to nearest.
  func converted() -> Tensor<BFloat16> { converted(to: BFloat16.self) }
}

extension Tensor<BFloat16> {
  /// The elements in single precision, in chunks of a megabyte.
  fileprivate var chunks: some Sequence<Tensor<Float>> {
    let flat = reshaped(to: [elementCount])
    let size = 1 << 18
    return Swift.stride(from: 0, to: elementCount, by: size).lazy.map { start in
      flat.sliced(start..<Swift.min(elementCount, start + size)).converted(to: Float.self)
    }
  }
}
