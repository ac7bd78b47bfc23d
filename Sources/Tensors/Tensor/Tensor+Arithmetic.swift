internal import CKernels

/// Elementwise operations of two operands; raw values are those of the C kernels.
enum BinaryKernel: Int32 {
  case add, subtract, multiply, divide, minimum, maximum, power
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  case atan2, hypot, modulo, flooredQuotient, logOfSum, copySign
}

extension Tensor where Scalar: RealScalar {
  /// `a op b` with broadcasting. Traps when the shapes do not broadcast.
  static func binary(_ kernel: BinaryKernel, _ a: Tensor, _ b: Tensor, _ name: StaticString)
    -> Tensor
  {
    guard let shape = a.shape.broadcast(with: b.shape) else {
      preconditionFailure("\(name): shapes \(a.shape) and \(b.shape) do not broadcast")
    }
    let result = Tensor(storage: TensorStorage(count: shape.elementCount), shape: shape)
    apply(kernel, a, b, into: result)
    return result
  }

  /// Writes `a op b` into `result`, which is dense and may be `a`'s or `b`'s own storage when that
  /// operand is dense and of the same shape.
  static func apply(_ kernel: BinaryKernel, _ a: Tensor, _ b: Tensor, into result: Tensor) {
    let shape = result.shape
    let count = shape.elementCount
    guard count > 0 else { return }
    let code = kernel.rawValue
    let out = result.base

    func step(_ x: Tensor) -> Int? {
      x.elementCount == 1 ? 0 : x.isContiguous && x.shape == shape ? 1 : nil
    }
    if let aStep = step(a), let bStep = step(b) {
      let x = a.base
      let y = b.base
      parallelFor(count, grain: elementwiseGrain) { r in
        let i = r.lowerBound
        Scalar._binary(code, x + i * aStep, aStep, y + i * bStep, bStep, out + i, r.count)
      }
    } else if step(a) == 1, b.isContiguous, b.isSuffix(of: shape) {
      let cols = b.elementCount
      let x = a.base
      let y = b.base
      parallelFor(count / cols, grain: max(1, elementwiseGrain / cols)) { r in
        let i = r.lowerBound * cols
        Scalar._binaryRows(code, x + i, y, out + i, r.count, cols)
      }
    } else {
      // Runs along the last axis; operands whose last stride is neither 0 nor 1 are copied.
      let x = a.broadcast(to: shape).withUnitRuns()
      let y = b.broadcast(to: shape).withUnitRuns()
      let xs = x.strides
      let ys = y.strides
      let last = shape.rank - 1
      let inner = shape[last]
      withExtendedLifetime((x.storage, y.storage)) {
        parallelFor(count / inner, grain: max(1, elementwiseGrain / inner)) { r in
          for run in r {
            var rest = run
            var i = 0
            var j = 0
            for axis in Swift.stride(from: last - 1, through: 0, by: -1) {
              let (quotient, position) = rest.quotientAndRemainder(dividingBy: shape[axis])
              i += position * xs[axis]
              j += position * ys[axis]
              rest = quotient
            }
            Scalar._binary(
              code, x.base + i, xs[last], y.base + j, ys[last], out + run * inner, inner)
          }
        }
      }
    }
    withExtendedLifetime((a.storage, b.storage, result.storage)) {}
  }

  private func isSuffix(of target: Shape) -> Bool {
    rank <= target.rank && target.dimensions.suffix(rank).elementsEqual(shape.dimensions)
  }

  private func withUnitRuns() -> Tensor {
    let step = strides[rank - 1]
    return step == 0 || step == 1 || shape[rank - 1] == 1 ? self : copied()
  }

  /// `a = a op b` in place when `a` owns its storage and keeps its shape.
  static func update(_ kernel: BinaryKernel, _ a: inout Tensor, _ b: Tensor, _ name: StaticString) {
    precondition(
      a.shape.broadcast(with: b.shape) == a.shape,
      "\(name): \(b.shape) does not broadcast to \(a.shape)")
    a.makeUnique()
    apply(kernel, a, b, into: a)
  }

  /// Elementwise sum with broadcasting.
  public static func + (a: Tensor, b: Tensor) -> Tensor { binary(.add, a, b, "+") }
  /// Elementwise difference with broadcasting.
  public static func - (a: Tensor, b: Tensor) -> Tensor { binary(.subtract, a, b, "-") }
  /// Elementwise product with broadcasting.
  public static func * (a: Tensor, b: Tensor) -> Tensor { binary(.multiply, a, b, "*") }
  /// Elementwise quotient with broadcasting.
  public static func / (a: Tensor, b: Tensor) -> Tensor { binary(.divide, a, b, "/") }
  /// Adds a scalar to every element.
  public static func + (a: Tensor, b: Scalar) -> Tensor { a + Tensor(b) }
  /// Subtracts a scalar from every element.
  public static func - (a: Tensor, b: Scalar) -> Tensor { a - Tensor(b) }
  /// Multiplies every element by a scalar.
  public static func * (a: Tensor, b: Scalar) -> Tensor { a * Tensor(b) }
  /// Multiplies every element by a scalar.
  public static func * (a: Scalar, b: Tensor) -> Tensor { Tensor(a) * b }
  /// The scalar plus every element.
  public static func + (a: Scalar, b: Tensor) -> Tensor { Tensor(a) + b }
  /// The scalar minus every element.
  public static func - (a: Scalar, b: Tensor) -> Tensor { Tensor(a) - b }
  /// The scalar over every element.
  public static func / (a: Scalar, b: Tensor) -> Tensor { Tensor(a) / b }
  /// Divides every element by a scalar.
  public static func / (a: Tensor, b: Scalar) -> Tensor { a / Tensor(b) }
  /// Every element negated.
  public static prefix func - (a: Tensor) -> Tensor { a.mapped(.negate) }

  /// Adds in place; `b` must broadcast to the shape of `a`.
  public static func += (a: inout Tensor, b: Tensor) { update(.add, &a, b, "+=") }
  /// Subtracts in place; `b` must broadcast to the shape of `a`.
  public static func -= (a: inout Tensor, b: Tensor) { update(.subtract, &a, b, "-=") }
  /// Multiplies in place; `b` must broadcast to the shape of `a`.
  public static func *= (a: inout Tensor, b: Tensor) { update(.multiply, &a, b, "*=") }
  /// Divides in place; `b` must broadcast to the shape of `a`.
  public static func /= (a: inout Tensor, b: Tensor) { update(.divide, &a, b, "/=") }
  /// Multiplies every element in place.
  public static func *= (a: inout Tensor, b: Scalar) { a *= Tensor(b) }
  /// Adds a scalar to every element, in place.
  public static func += (a: inout Tensor, b: Scalar) { a += Tensor(b) }
  /// Subtracts a scalar from every element, in place.
  public static func -= (a: inout Tensor, b: Scalar) { a -= Tensor(b) }
  /// Divides every element by a scalar, in place.
  public static func /= (a: inout Tensor, b: Scalar) { a /= Tensor(b) }

  /// `self = self * beta + x * alpha` in place. Traps unless the shapes are equal.
  public mutating func scaleAdd(_ beta: Scalar = 1, adding alpha: Scalar, times x: Tensor) {
    precondition(shape == x.shape, "scaleAdd: shapes \(shape) and \(x.shape) differ")
    let count = elementCount
    x.withPointer { source in
      withMutablePointer { target in
        parallelFor(count, grain: elementwiseGrain) { r in
          Scalar._scaleAdd(alpha, source + r.lowerBound, beta, target + r.lowerBound, r.count)
        }
      }
    }
  }
}

/// The smaller of each pair of elements, with broadcasting.
public func minimum<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  -> Tensor<Scalar>
{
  Tensor.binary(.minimum, a, b, "minimum")
}

/// The larger of each pair of elements, with broadcasting.
public func maximum<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  -> Tensor<Scalar>
{
  Tensor.binary(.maximum, a, b, "maximum")
}

/// `a` to the power `b`, element by element, with broadcasting.
public func pow<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> {
  Tensor.binary(.power, a, b, "pow")
}

/// The smaller of each element and a scalar; NaN where either is.
public func minimum<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Scalar) -> Tensor<Scalar> {
  minimum(a, Tensor(b))
}

/// The larger of each element and a scalar; NaN where either is.
public func maximum<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Scalar) -> Tensor<Scalar> {
  maximum(a, Tensor(b))
}

/// Each element to the power of a scalar.
public func pow<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Scalar) -> Tensor<Scalar> {
  pow(a, Tensor(b))
}
