/// c tanh(x / c): nearly x where x is small compared with c, and never beyond ±c.
struct SoftCap<Scalar: RealScalar>: Sendable {
  private let cap: Scalar

  init(_ cap: Double) { self.cap = Scalar(cap) }

  /// Caps `count` elements in place.
  func apply(to x: UnsafeMutablePointer<Scalar>, _ count: Int) {
    scale(x, 1 / cap, count)
    Scalar._unary(UnaryKernel.tanh.rawValue, x, x, count)
    scale(x, cap, count)
  }

  /// Turns `gradient`, that of the capped elements, into that of the uncapped ones, `x`, which are
  /// overwritten.
  func pullBack(
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
