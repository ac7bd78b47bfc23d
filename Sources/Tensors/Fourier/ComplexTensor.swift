internal import CKernels

/// Complex numbers, as two tensors of one shape: what transforms give and eigenvalues may be.
///
/// The parts are kept apart, because the kernels of real numbers then serve both and no scalar type from
/// outside the package is needed.
public struct ComplexTensor<Scalar: RealScalar>: Sendable, Equatable {
  /// The real parts.
  public var real: Tensor<Scalar>
  /// The imaginary parts.
  public var imaginary: Tensor<Scalar>

  /// Numbers of the given parts. Traps when the shapes differ.
  public init(real: Tensor<Scalar>, imaginary: Tensor<Scalar>) {
    precondition(
      real.shape == imaginary.shape,
      "ComplexTensor: real parts \(real.shape) and imaginary parts \(imaginary.shape) differ")
    self.real = real
    self.imaginary = imaginary
  }

  /// Real numbers as complex ones.
  public init(_ real: Tensor<Scalar>) {
    self.init(real: real, imaginary: .zeros(real.shape))
  }

  /// Numbers of the given magnitudes and angles. Traps when the shapes do not broadcast.
  public init(magnitude: Tensor<Scalar>, angle: Tensor<Scalar>) {
    self.init(real: magnitude * cos(angle), imaginary: magnitude * sin(angle))
  }

  /// The sizes of the axes.
  public var shape: Shape { real.shape }

  /// The distances from 0.
  public var magnitude: Tensor<Scalar> { hypot(real, imaginary) }

  /// The angles from the positive real axis, from -pi through pi.
  public var angle: Tensor<Scalar> { atan2(y: imaginary, x: real) }

  /// The numbers with the opposite imaginary parts.
  public var conjugate: ComplexTensor { ComplexTensor(real: real, imaginary: -imaginary) }

  /// Both parts changed in the same way: `z.mapParts { $0.transposed() }`.
  public func mapParts(_ change: (Tensor<Scalar>) -> Tensor<Scalar>) -> ComplexTensor {
    ComplexTensor(real: change(real), imaginary: change(imaginary))
  }

  /// The part that the indices name, as for a `Tensor`.
  public subscript(_ indices: any TensorIndex...) -> ComplexTensor {
    let parts = indices.map(\._part)
    return mapParts { $0.part(parts) }
  }

  /// Elementwise sum with broadcasting.
  public static func + (a: ComplexTensor, b: ComplexTensor) -> ComplexTensor {
    ComplexTensor(real: a.real + b.real, imaginary: a.imaginary + b.imaginary)
  }

  /// Elementwise difference with broadcasting.
  public static func - (a: ComplexTensor, b: ComplexTensor) -> ComplexTensor {
    ComplexTensor(real: a.real - b.real, imaginary: a.imaginary - b.imaginary)
  }

  /// Elementwise product with broadcasting.
  public static func * (a: ComplexTensor, b: ComplexTensor) -> ComplexTensor {
    ComplexTensor(
      real: a.real * b.real - a.imaginary * b.imaginary,
      imaginary: a.real * b.imaginary + a.imaginary * b.real)
  }

  /// Elementwise quotient with broadcasting. The divisors are scaled, so that their squares do not
  /// overflow.
  public static func / (a: ComplexTensor, b: ComplexTensor) -> ComplexTensor {
    let scale = maximum(abs(b.real), abs(b.imaginary))
    let (c, d) = (b.real / scale, b.imaginary / scale)
    let square = (c * c + d * d) * scale
    return ComplexTensor(
      real: (a.real * c + a.imaginary * d) / square,
      imaginary: (a.imaginary * c - a.real * d) / square)
  }

  /// Multiplies every number by a real one.
  public static func * (a: ComplexTensor, b: Scalar) -> ComplexTensor { a.mapParts { $0 * b } }
}

/// The matrix product of complex matrices, with the shapes of `matmul` for real ones.
public func matmul<Scalar: RealScalar>(_ a: ComplexTensor<Scalar>, _ b: ComplexTensor<Scalar>)
  -> ComplexTensor<Scalar>
{
  ComplexTensor(
    real: matmul(a.real, b.real) - matmul(a.imaginary, b.imaginary),
    imaginary: matmul(a.real, b.imaginary) + matmul(a.imaginary, b.real))
}

/// e to the power of each number.
public func exp<Scalar: RealScalar>(_ z: ComplexTensor<Scalar>) -> ComplexTensor<Scalar> {
  ComplexTensor(magnitude: exp(z.real), angle: z.imaginary)
}

extension ComplexTensor: CustomStringConvertible {
  /// Both parts.
  public var description: String { "\(real)\n+ i \(imaginary)" }
}
