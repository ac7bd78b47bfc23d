/// Elementwise comparisons.
enum Comparison { case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual }

/// Runs `operation` on every pair of elements of two tensors broadcast to one shape; inlined, so
/// that it vectorises where its caller is specialised.
@inline(__always)
func zipped<A: TensorScalar, B: TensorScalar, R: TensorScalar>(
  _ a: Tensor<A>, _ b: Tensor<B>, _ name: StaticString, _ operation: (A, B) -> R
) -> Tensor<R> {
  guard let shape = a.shape.broadcast(with: b.shape) else {
    preconditionFailure("\(name): shapes \(a.shape) and \(b.shape) do not broadcast")
  }
  let result = Tensor<R>(storage: TensorStorage(count: shape.elementCount), shape: shape)
  // A single element need not be copied.
  let x = a.elementCount == 1 ? a : a.broadcast(to: shape).contiguous()
  let y = b.elementCount == 1 ? b : b.broadcast(to: shape).contiguous()
  let (p, q, out) = (x.base, y.base, result.base)
  withExtendedLifetime((x.storage, y.storage, result.storage)) {
    parallelFor(shape.elementCount, grain: elementwiseGrain) { range in
      if b.elementCount == 1 {
        let value = q[0]
        let step = a.elementCount == 1 ? 0 : 1
        for i in range { out[i] = operation(p[i * step], value) }
      } else if a.elementCount == 1 {
        let value = p[0]
        for i in range { out[i] = operation(value, q[i]) }
      } else {
        for i in range { out[i] = operation(p[i], q[i]) }
      }
    }
  }
  return result
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
@_specialize(where Scalar == UInt8)
private func compare<Scalar: TensorScalar & Comparable>(
  _ comparison: Comparison, _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, _ name: StaticString
) -> Tensor<Bool> {
  switch comparison {
  case .equal: zipped(a, b, name) { $0 == $1 }
  case .notEqual: zipped(a, b, name) { $0 != $1 }
  case .less: zipped(a, b, name) { $0 < $1 }
  case .lessOrEqual: zipped(a, b, name) { $0 <= $1 }
  case .greater: zipped(a, b, name) { $0 > $1 }
  case .greaterOrEqual: zipped(a, b, name) { $0 >= $1 }
  }
}

/// Comparisons follow IEEE 754: NaN is unequal to everything and in no order.
extension Tensor where Scalar: Comparable {
  /// Whether elements are equal, with broadcasting.
  public static func .== (a: Tensor, b: Tensor) -> Tensor<Bool> { compare(.equal, a, b, ".==") }
  /// Whether elements differ, with broadcasting.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor<Bool> { compare(.notEqual, a, b, ".!=") }
  /// Whether elements of `a` are smaller, with broadcasting.
  public static func .< (a: Tensor, b: Tensor) -> Tensor<Bool> { compare(.less, a, b, ".<") }
  /// Whether elements of `a` are not larger, with broadcasting.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor<Bool> {
    compare(.lessOrEqual, a, b, ".<=")
  }
  /// Whether elements of `a` are larger, with broadcasting.
  public static func .> (a: Tensor, b: Tensor) -> Tensor<Bool> { compare(.greater, a, b, ".>") }
  /// Whether elements of `a` are not smaller, with broadcasting.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor<Bool> {
    compare(.greaterOrEqual, a, b, ".>=")
  }
  /// Whether elements equal a scalar.
  public static func .== (a: Tensor, b: Scalar) -> Tensor<Bool> { a .== Tensor(b) }
  /// Whether elements differ from a scalar.
  public static func .!= (a: Tensor, b: Scalar) -> Tensor<Bool> { a .!= Tensor(b) }
  /// Whether elements are smaller than a scalar.
  public static func .< (a: Tensor, b: Scalar) -> Tensor<Bool> { a .< Tensor(b) }
  /// Whether elements are not larger than a scalar.
  public static func .<= (a: Tensor, b: Scalar) -> Tensor<Bool> { a .<= Tensor(b) }
  /// Whether elements are larger than a scalar.
  public static func .> (a: Tensor, b: Scalar) -> Tensor<Bool> { a .> Tensor(b) }
  /// Whether elements are not smaller than a scalar.
  public static func .>= (a: Tensor, b: Scalar) -> Tensor<Bool> { a .>= Tensor(b) }
}

extension Tensor where Scalar == Bool {
  /// Whether both are true, with broadcasting.
  public static func .& (a: Tensor, b: Tensor) -> Tensor { zipped(a, b, ".&") { $0 && $1 } }
  /// Whether at least one is true, with broadcasting.
  public static func .| (a: Tensor, b: Tensor) -> Tensor { zipped(a, b, ".|") { $0 || $1 } }
  /// Whether exactly one is true, with broadcasting.
  public static func .^ (a: Tensor, b: Tensor) -> Tensor { zipped(a, b, ".^") { $0 != $1 } }
  /// Every element negated.
  public static prefix func .! (a: Tensor) -> Tensor { a .^ Tensor(true) }

  /// The number of true elements.
  public var trueCount: Int { withUnsafeBuffer { $0.reduce(0) { $0 + ($1 ? 1 : 0) } } }
  /// Whether every element is true; true when empty.
  public var allTrue: Bool { trueCount == elementCount }
  /// Whether any element is true.
  public var anyTrue: Bool { trueCount > 0 }

  /// The index of every true element, in row-major order: `[trueCount, rank]`.
  public func trueIndices() -> Tensor<Int32> {
    let sizes = shape.dimensions
    let places = flatPositions()
    return Tensor<Int32>(unsafeUninitializedShape: [places.count, rank]) { out in
      for (row, place) in places.enumerated() {
        var rest = place
        // The first index is what remains.
        for axis in Swift.stride(from: sizes.count - 1, to: 0, by: -1) {
          let (quotient, index) = rest.quotientAndRemainder(dividingBy: sizes[axis])
          out[row * sizes.count + axis] = Int32(index)
          rest = quotient
        }
        if !sizes.isEmpty { out[row * sizes.count] = Int32(rest) }
      }
    }
  }
}

extension Tensor where Scalar: RealScalar {
  /// Which elements are neither infinite nor NaN.
  public var isFinite: Tensor<Bool> { Tensors.abs(self) .< Scalar.infinity }
  /// Which elements are NaN.
  public var isNaN: Tensor<Bool> { self .!= self }
}
