/// Which way a transform divides by the number of elements.
public enum FourierScaling: Hashable, Sendable {
  /// The inverse transform alone does.
  case inverse
  /// Both divide by its square root, so that both keep norms.
  case unitary
  /// The forward transform alone does.
  case forward

  fileprivate func factor<Scalar: RealScalar>(_ count: Int, inverse: Bool) -> Scalar {
    switch self {
    case .inverse: inverse ? 1 / Scalar(count) : 1
    case .unitary: 1 / Scalar(count).squareRoot()
    case .forward: inverse ? 1 : 1 / Scalar(count)
    }
  }
}

/// Discrete Fourier transforms, of any length and along any axes. `fft` sums `x[j] exp(-2 pi i j k / n)` over
/// j; `inverseFFT` takes the other sign and divides by n. Transforms by our own kernels of radix 2, 3, 4,
/// 5 and small primes, and by convolution for other lengths: no library of transforms is a system package
/// wherever this one is built.
public func fft<Scalar: RealScalar>(
  _ x: ComplexTensor<Scalar>, count: Int? = nil, alongAxis axis: Int = -1,
  scaling: FourierScaling = .inverse
) -> ComplexTensor<Scalar> {
  transform(x, count, axis, scaling, inverse: false, "fft")
}

/// The transform of real numbers, with all its numbers, of which the second half repeats the first: see
/// `realFFT`.
public func fft<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, count: Int? = nil, alongAxis axis: Int = -1,
  scaling: FourierScaling = .inverse
) -> ComplexTensor<Scalar> {
  transform(ComplexTensor(x), count, axis, scaling, inverse: false, "fft")
}

/// The inverse transform along an axis, of which `count` numbers are taken, or zeros added behind it. Traps
/// when `count` is not positive.
public func inverseFFT<Scalar: RealScalar>(
  _ x: ComplexTensor<Scalar>, count: Int? = nil, alongAxis axis: Int = -1,
  scaling: FourierScaling = .inverse
) -> ComplexTensor<Scalar> {
  transform(x, count, axis, scaling, inverse: true, "inverseFFT")
}

/// The transform along several axes.
public func fft<Scalar: RealScalar>(
  _ x: ComplexTensor<Scalar>, alongAxes axes: [Int], scaling: FourierScaling = .inverse
) -> ComplexTensor<Scalar> {
  axes.reduce(x) { fft($0, alongAxis: $1, scaling: scaling) }
}

/// The inverse transform along several axes.
public func inverseFFT<Scalar: RealScalar>(
  _ x: ComplexTensor<Scalar>, alongAxes axes: [Int], scaling: FourierScaling = .inverse
) -> ComplexTensor<Scalar> {
  axes.reduce(x) { inverseFFT($0, alongAxis: $1, scaling: scaling) }
}

/// The first `n / 2 + 1` numbers of the transform of n real ones along an axis; the others are their
/// conjugates. `count` numbers are taken, or zeros added behind them. Traps when `count` is not positive.
public func realFFT<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, count: Int? = nil, alongAxis axis: Int = -1,
  scaling: FourierScaling = .inverse
) -> ComplexTensor<Scalar> {
  let position = x.shape.normalized(axis: axis, in: "realFFT")
  let rows = x.resized(count, alongAxis: position, "realFFT").movingAxis(position, to: -1)
  let n = rows.shape.lastDimension
  let result = realRows(rows.contiguous(), n)
  let factor: Scalar = scaling.factor(n, inverse: false)
  return (factor == 1 ? result : result * factor).mapParts { $0.movingAxis(-1, to: position) }
}

/// The `count` real numbers, by default an even number of them, whose `realFFT` this is. Imaginary parts
/// that would be 0 are not used. Traps when `count` is not positive.
public func inverseRealFFT<Scalar: RealScalar>(
  _ x: ComplexTensor<Scalar>, count: Int? = nil, alongAxis axis: Int = -1,
  scaling: FourierScaling = .inverse
) -> Tensor<Scalar> {
  let position = x.shape.normalized(axis: axis, in: "inverseRealFFT")
  let n = count ?? 2 * (x.shape[position] - 1)
  precondition(n > 0, "inverseRealFFT: \(n) numbers from shape \(x.shape)")
  let rows = x.mapParts {
    $0.resized(n / 2 + 1, alongAxis: position, "inverseRealFFT").movingAxis(position, to: -1)
      .contiguous()
  }
  let factor: Scalar = scaling.factor(n, inverse: true)
  let result = realNumbers(rows, n)
  return (result * factor).movingAxis(-1, to: position)
}

/// The transform of real numbers along several axes: of real ones along the last, then along the
/// others.
public func realFFT<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, alongAxes axes: [Int], scaling: FourierScaling = .inverse
) -> ComplexTensor<Scalar> {
  precondition(!axes.isEmpty, "realFFT: no axes of shape \(x.shape)")
  return fft(
    realFFT(x, alongAxis: axes[axes.count - 1], scaling: scaling), alongAxes: axes.dropLast(),
    scaling: scaling)
}

/// The inverse of `realFFT` along several axes, with `count` numbers along the last.
public func inverseRealFFT<Scalar: RealScalar>(
  _ x: ComplexTensor<Scalar>, count: Int? = nil, alongAxes axes: [Int],
  scaling: FourierScaling = .inverse
) -> Tensor<Scalar> {
  precondition(!axes.isEmpty, "inverseRealFFT: no axes of shape \(x.shape)")
  return inverseRealFFT(
    inverseFFT(x, alongAxes: axes.dropLast(), scaling: scaling), count: count,
    alongAxis: axes[axes.count - 1], scaling: scaling)
}

/// The real transform of `count` numbers that are symmetric about the first, given by its first half.
public func hermitianFFT<Scalar: RealScalar>(
  _ x: ComplexTensor<Scalar>, count: Int? = nil, alongAxis axis: Int = -1
) -> Tensor<Scalar> {
  inverseRealFFT(x.conjugate, count: count, alongAxis: axis, scaling: .forward)
}

/// The first half of the symmetric numbers whose `hermitianFFT` this is.
public func inverseHermitianFFT<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, count: Int? = nil, alongAxis axis: Int = -1
) -> ComplexTensor<Scalar> {
  realFFT(x, count: count, alongAxis: axis, scaling: .forward).conjugate
}

extension Tensor where Scalar: RealScalar {
  /// The frequencies of the numbers of `fft` for `count` samples `spacing` apart: 0 and the positive ones,
  /// then the negative ones.
  public static func fftFrequencies(_ count: Int, spacing: Scalar = 1) -> Tensor {
    Tensor(
      (0..<count).map { Scalar($0 < (count + 1) / 2 ? $0 : $0 - count) / (Scalar(count) * spacing) }
    )
  }

  /// The frequencies of the numbers of `realFFT` for `count` samples `spacing` apart.
  public static func realFFTFrequencies(_ count: Int, spacing: Scalar = 1) -> Tensor {
    Tensor((0...count / 2).map { Scalar($0) / (Scalar(count) * spacing) })
  }

  /// The elements with those of frequency 0 in the middle of the given axes, by default all.
  public func fftShifted(alongAxes axes: [Int]? = nil) -> Tensor {
    (axes ?? Array(0..<rank)).reduce(self) { x, axis in
      x.rolled(by: x.shape[shape.normalized(axis: axis, in: "fftShifted")] / 2, alongAxis: axis)
    }
  }

  /// The inverse of `fftShifted(alongAxes:)`.
  public func inverseFFTShifted(alongAxes axes: [Int]? = nil) -> Tensor {
    (axes ?? Array(0..<rank)).reduce(self) { x, axis in
      x.rolled(
        by: -(x.shape[shape.normalized(axis: axis, in: "inverseFFTShifted")] / 2), alongAxis: axis)
    }
  }

  /// The first `count` elements along an axis, or as many zeros behind it as are missing.
  fileprivate func resized(_ count: Int?, alongAxis axis: Int, _ operation: StaticString) -> Tensor
  {
    let size = shape[axis]
    let count = count ?? size
    precondition(count > 0, "\(operation): \(count) numbers along axis \(axis) of \(shape)")
    if count <= size { return sliced(0..<count, alongAxis: axis) }
    var widths = Array(repeating: (before: 0, after: 0), count: rank)
    widths[axis].after = count - size
    return padded(widths)
  }

  fileprivate var mutableBase: UnsafeMutablePointer<Scalar> { base }
}

private func uninitialized<Scalar: RealScalar>(_ shape: Shape) -> ComplexTensor<Scalar> {
  let count = shape.elementCount
  return ComplexTensor(
    real: Tensor(storage: TensorStorage(count: count), shape: shape),
    imaginary: Tensor(storage: TensorStorage(count: count), shape: shape))
}

extension ComplexTensor {
  /// The parts in memory, valid while the tensor is kept.
  fileprivate var parts: Parts<Scalar> {
    Parts(real: real.mutableBase, imaginary: imaginary.mutableBase)
  }
}

private func transform<Scalar: RealScalar>(
  _ x: ComplexTensor<Scalar>, _ count: Int?, _ axis: Int, _ scaling: FourierScaling, inverse: Bool,
  _ operation: StaticString
) -> ComplexTensor<Scalar> {
  let position = x.shape.normalized(axis: axis, in: operation)
  let source = x.mapParts { $0.resized(count, alongAxis: position, operation).contiguous() }
  let n = source.shape[position]
  let plan = FourierPlan<Scalar>.of(length: n)
  if plan.radices == nil, position < x.shape.rank - 1 {
    let last = source.mapParts { $0.movingAxis(position, to: -1) }
    return transform(last, nil, -1, scaling, inverse: inverse, operation)
      .mapParts { $0.movingAxis(-1, to: position) }
  }
  let sizes = source.shape.dimensions
  let result: ComplexTensor<Scalar> = uninitialized(source.shape)
  let (from, to) =
    inverse ? (source.parts.swapped, result.parts.swapped) : (source.parts, result.parts)
  plan.run(
    from, to: to, outer: sizes[..<position].reduce(1, *),
    inner: sizes[(position + 1)...].reduce(1, *))
  withExtendedLifetime((source, result)) {}
  let factor: Scalar = scaling.factor(n, inverse: inverse)
  return factor == 1 ? result : result * factor
}

/// The transforms of rows `[..., n]` of real numbers: those of pairs as complex numbers, taken apart.
private func realRows<Scalar: RealScalar>(_ rows: Tensor<Scalar>, _ n: Int)
  -> ComplexTensor<Scalar>
{
  guard n % 2 == 0 else {
    return transform(ComplexTensor(rows), nil, -1, .inverse, inverse: false, "realFFT")
      .mapParts { $0.sliced(0..<n / 2 + 1, alongAxis: -1) }
  }
  let (half, count) = (n / 2, rows.shape.rowCount)
  let kernels = Scalar.fourier
  let pairs: ComplexTensor<Scalar> = uninitialized([count, half])
  let (x, z) = (rows.mutableBase, pairs.parts)
  parallelFor(count * half, grain: elementwiseGrain) {
    let i = $0.lowerBound
    kernels.splitPairs(x + 2 * i, z.real + i, z.imaginary + i, $0.count)
  }
  let halves = transform(pairs, nil, -1, .inverse, inverse: false, "realFFT")
  let lead = Array(rows.shape.dropLast())
  let result: ComplexTensor<Scalar> = uninitialized(Shape(lead + [half + 1]))
  let (from, to) = (halves.parts, result.parts)
  FourierPlan<Scalar>.of(length: n).roots.withPointer { roots in
    parallelFor(count, grain: max(1, elementwiseGrain / n)) { range in
      for row in range {
        let (a, b) = (from + row * half, to + row * (half + 1))
        kernels.realFromHalf(half, roots, a.real, a.imaginary, b.real, b.imaginary)
      }
    }
  }
  withExtendedLifetime((rows, pairs, halves, result)) {}
  return result
}

/// n times the real numbers whose transforms have these first halves `[..., n / 2 + 1]`.
private func realNumbers<Scalar: RealScalar>(_ rows: ComplexTensor<Scalar>, _ n: Int)
  -> Tensor<Scalar>
{
  let lead = Array(rows.shape.dropLast())
  let half = n / 2
  guard n % 2 == 0 else {
    // The second half, from the conjugates in reverse order.
    let rest = rows.conjugate.mapParts {
      $0.sliced(1..<half + 1, alongAxis: -1).flipped(alongAxes: [-1])
    }
    var first = rows
    first.imaginary.fill(0, at: .ellipsis, 0..<1)
    let whole = ComplexTensor(
      real: .concatenated([first.real, rest.real], alongAxis: -1),
      imaginary: .concatenated([first.imaginary, rest.imaginary], alongAxis: -1))
    return transform(whole, nil, -1, .forward, inverse: true, "inverseRealFFT").real
  }
  let count = lead.reduce(1, *)
  let kernels = Scalar.fourier
  let halves: ComplexTensor<Scalar> = uninitialized([count, half])
  let (from, to) = (rows.parts, halves.parts)
  FourierPlan<Scalar>.of(length: n).roots.withPointer { roots in
    parallelFor(count, grain: max(1, elementwiseGrain / n)) { range in
      for row in range {
        let (a, b) = (from + row * (half + 1), to + row * half)
        kernels.halfFromReal(half, roots, a.real, a.imaginary, b.real, b.imaginary)
      }
    }
  }
  let pairs = transform(halves, nil, -1, .forward, inverse: true, "inverseRealFFT")
  let z = pairs.parts
  let result = Tensor<Scalar>(unsafeUninitializedShape: Shape(lead + [n])) { out in
    let y = out.baseAddress!
    parallelFor(count * half, grain: elementwiseGrain) {
      let i = $0.lowerBound
      kernels.joinPairs(z.real + i, z.imaginary + i, y + 2 * i, $0.count)
    }
  }
  withExtendedLifetime((rows, halves, pairs)) {}
  // The halves were transformed as half as many numbers.
  return result * 2
}
