/// Functions of single numbers in double precision, for the modules that import no C library. They
/// run the kernels of tensors on one element, so that a number and a tensor of it give the same
/// bits.
package enum ScalarMath {
  /// e to the power of a number.
  package static func exp(_ x: Double) -> Double { apply(.exp, x) }

  /// The natural logarithm; NaN below 0.
  package static func log(_ x: Double) -> Double { apply(.log, x) }

  /// The logarithm to the base 10; NaN below 0.
  package static func log10(_ x: Double) -> Double {
    x == 0 ? -.infinity : log(x) / 2.302585092994046
  }

  /// The cosine of an angle in radians.
  package static func cos(_ x: Double) -> Double { apply(.cos, x) }

  /// The angle, in radians, whose tangent is a number from 0 to 1, to within 1e-14: halves the
  /// angle four times and takes five terms of the series.
  package static func arctangent(_ tangent: Double) -> Double {
    var t = tangent
    for _ in 0..<4 { t = t / (1 + (1 + t * t).squareRoot()) }
    let s = t * t
    return 16 * (t * (1 - s * (1 / 3 - s * (1 / 5 - s * (1 / 7 - s / 9)))))
  }

  private static func apply(_ kernel: UnaryKernel, _ x: Double) -> Double {
    var (x, result) = (x, 0.0)
    Double._unary(kernel.rawValue, &x, &result, 1)
    return result
  }
}
