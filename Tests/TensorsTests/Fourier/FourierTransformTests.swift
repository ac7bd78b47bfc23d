import TestSupport
import Tensors
import Testing

struct FourierTransformTests {
  /// The sums of the definition, as a product with the matrix of roots of unity.
  private func sums(_ x: ComplexTensor<Double>) -> ComplexTensor<Double> {
    let n = x.shape.last!
    let k = Tensor<Int64>.range(from: 0, to: Int64(n))
    let angles =
      (k.expandingShape(at: 1) * k % Int64(n)).converted(to: Double.self)
      * (-2 * Double.pi / Double(n))
    let roots = ComplexTensor(magnitude: .ones(angles.shape), angle: angles)
    return matmul(x.mapParts { $0.expandingShape(at: -2) }, roots).mapParts {
      $0.squeezingShape(at: -2)
    }
  }

  private func numbers(_ shape: Shape, _ seed: UInt64) -> ComplexTensor<Double> {
    var source = RandomSource(seed: seed)
    return ComplexTensor(
      real: .normal(shape, using: &source), imaginary: .normal(shape, using: &source))
  }

  private func error(_ a: ComplexTensor<Double>, _ b: ComplexTensor<Double>) -> Double {
    let difference = a - b
    return hypot(
      Tensor(difference.real.norm()), Tensor(difference.imaginary.norm())
    ).scalar
      / max(1e-300, hypot(Tensor(b.real.norm()), Tensor(b.imaginary.norm())).scalar)
  }

  /// All radices, their products, primes beyond them and lengths with such factors.
  private static let lengths =
    Array(1...40) + [
      47, 48, 53, 60, 64, 74, 97, 101, 121, 125, 128, 210, 243, 254, 256, 1009, 1024,
    ]

  @Test("Transforms equal their definition at every length", arguments: lengths)
  func definition(_ n: Int) {
    let x = numbers([3, n], UInt64(n))
    let exact = sums(x)
    // Errors grow with the logarithm of the length; those of the sums with its root.
    #expect(error(fft(x), exact) < 1e-14)
    #expect(error(inverseFFT(fft(x)), x) < 1e-14)
    let real = ComplexTensor(x.real)
    let half = realFFT(x.real)
    #expect(half.shape == [3, n / 2 + 1])
    #expect(error(half, sums(real)[.all, 0..<n / 2 + 1]) < 1e-14)
    #expect((inverseRealFFT(half, count: n) - x.real).norm() < 1e-14 * x.real.norm())
    let single = fft(
      ComplexTensor(
        real: x.real.converted(to: Float.self), imaginary: x.imaginary.converted(to: Float.self)))
    let wide = ComplexTensor(
      real: single.real.converted(to: Double.self),
      imaginary: single.imaginary.converted(to: Double.self))
    #expect(error(wide, exact) < 4e-7)
  }

  @Test("Transforms along any axis are those along the last one", arguments: [1, 2, 6, 31, 37, 64])
  func axes(_ n: Int) {
    for axis in 0..<3 {
      var sizes = [2, 3, 4]
      sizes[axis] = n
      let x = numbers(Shape(sizes), 5)
      let last = fft(x.mapParts { $0.movingAxis(axis, to: -1) }).mapParts {
        $0.movingAxis(-1, to: axis)
      }
      #expect(error(fft(x, alongAxis: axis), last) < 1e-15)
      #expect(error(inverseFFT(fft(x, alongAxis: axis), alongAxis: axis), x) < 1e-14)
    }
  }

  @Test("Large transforms are the same on any number of threads")
  func threads() {
    let x = numbers([1 << 16], 6)
    let count = Threads.count
    defer { Threads.count = count }
    Threads.count = 1
    let one = fft(x)
    Threads.count = 3
    #expect(fft(x) == one)
    // The norm stays, up to the root of the length.
    let norms = hypot(Tensor(one.real.norm()), Tensor(one.imaginary.norm())).scalar / 256
    #expect(
      Swift.abs(norms / hypot(Tensor(x.real.norm()), Tensor(x.imaginary.norm())).scalar - 1) < 1e-13
    )
  }

  @Test("A convolution is the product of transforms")
  func convolution() {
    var source = RandomSource(seed: 7)
    let (a, b) = (
      Tensor<Double>.normal([500], using: &source), Tensor<Double>.normal([77], using: &source)
    )
    let product = realFFT(a, count: 576) * realFFT(b, count: 576)
    let full = convolve(a, b)
    #expect((inverseRealFFT(product, count: 576) - full).norm() < 1e-13 * full.norm())
  }
}
