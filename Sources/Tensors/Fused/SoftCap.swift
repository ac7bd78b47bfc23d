/// c tanh(x / c): x where it is small beside c, and never beyond ±c.
struct SoftCap<Scalar: RealScalar>: Sendable {
  private let cap: Scalar

  init(_ cap: Double) { self.cap = Scalar(cap) }

  /// In place of `count` elements.
  func apply(to x: UnsafeMutablePointer<Scalar>, _ count: Int) {
    scale(x, 1 / cap, count)
    Scalar._unary(UnaryKernel.tanh.rawValue, x, x, count)
    scale(x, cap, count)
  }

  /// Turns `gradient`, that of the capped elements, into that of `x`, those before; `x` is used up.
  func turnBack(
    _ gradient: UnsafeMutablePointer<Scalar>, from x: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    scale(x, 1 / cap, count)
    Scalar._unaryGradient(UnaryKernel.tanh.rawValue, x, gradient, gradient, count)
  }

  private func scale(_ x: UnsafeMutablePointer<Scalar>, _ factor: Scalar, _ count: Int) {
    withUnsafePointer(to: factor) {
      Scalar._binary(BinaryKernel.multiply.rawValue, x, 1, $0, 0, x, count)
    }
  }
}
