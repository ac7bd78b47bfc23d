internal import CKernels

/// Elementwise operations of one operand; raw values are those of the C kernels.
package enum UnaryKernel: Int32, Sendable {
  case negate, absolute, square, squareRoot, reciprocalSquareRoot, reciprocal, exp, log, tanh, erf
  case sigmoid, silu, relu, gelu, geluTanh, sin, cos, floor, ceil, round, sign
  case exp2, expm1, log2, log10, log1p, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh, cbrt
  case trunc
}

extension Tensor where Scalar: RealScalar {
  /// The operation applied to every element.
  package func mapped(_ kernel: UnaryKernel) -> Tensor {
    let result = Tensor(storage: TensorStorage(count: elementCount), shape: shape)
    let target = result.base
    withPointer { source in
      parallelFor(elementCount, grain: elementwiseGrain) { r in
        Scalar._unary(kernel.rawValue, source + r.lowerBound, target + r.lowerBound, r.count)
      }
    }
    return result
  }

  /// `gradient * op'(self)` element by element: the backward pass of `mapped(kernel)`.
  package func mappedGradient(_ kernel: UnaryKernel, _ gradient: Tensor) -> Tensor {
    precondition(
      shape == gradient.shape, "gradient of \(kernel): \(shape) and \(gradient.shape) differ")
    let result = Tensor(storage: TensorStorage(count: elementCount), shape: shape)
    let target = result.base
    withPointer { source in
      gradient.withPointer { g in
        parallelFor(elementCount, grain: elementwiseGrain) { r in
          let i = r.lowerBound
          Scalar._unaryGradient(kernel.rawValue, source + i, g + i, target + i, r.count)
        }
      }
    }
    return result
  }
}

/// Absolute value of each element.
public func abs<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.absolute) }

/// Square of each element.
public func square<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.square) }

/// Square root of each element; NaN below 0.
public func sqrt<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
  x.mapped(.squareRoot)
}

/// 1 / square root of each element.
public func rsqrt<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
  x.mapped(.reciprocalSquareRoot)
}

/// 1 / each element.
public func reciprocal<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
  x.mapped(.reciprocal)
}

/// e to the power of each element.
public func exp<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.exp) }

/// Natural logarithm of each element; -infinity at 0, NaN below.
public func log<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.log) }

/// Hyperbolic tangent of each element.
public func tanh<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.tanh) }

/// Error function of each element.
public func erf<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.erf) }

/// 1 / (1 + exp(-x)) of each element.
public func sigmoid<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
  x.mapped(.sigmoid)
}

/// x * sigmoid(x) of each element.
public func silu<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.silu) }

/// max(x, 0) of each element.
public func relu<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.relu) }

/// x * (1 + erf(x / sqrt 2)) / 2 of each element.
public func gelu<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.gelu) }

/// The tanh approximation of `gelu`.
public func geluTanh<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
  x.mapped(.geluTanh)
}

/// Sine of each element, in radians.
public func sin<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.sin) }

/// Cosine of each element, in radians.
public func cos<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.cos) }

/// Each element rounded down.
public func floor<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.floor) }

/// Each element rounded up.
public func ceil<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.ceil) }

/// Each element rounded to the nearest integer, ties to even.
public func round<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.round) }

/// -1, 0 or 1 by the sign of each element.
public func sign<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.sign) }
