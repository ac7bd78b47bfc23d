import CKernels
import Tensors

@testable import Quantization

/// Products in 8-bit arithmetic as they are defined, one element at a time.
enum Int8Reference {
  private static let shift: Float = 0x1.8p23

  /// The codes and scales of a row, for every 64 elements: the largest becomes `top`.
  static func rounded(_ row: [Float], top: Float) -> [(codes: [Int32], scale: Float)] {
    stride(from: 0, to: row.count, by: 64).map { first in
      let block = row[first..<min(row.count, first + 64)]
      guard block.allSatisfy(\.isFinite) else { return (block.map { _ in 0 }, .nan) }
      let largest = block.map(abs).max()!
      guard largest >= 0x1p-100 else { return (block.map { _ in 0 }, 0) }
      let inverse = top / largest
      return (
        block.map { Int32(shift.addingProduct($0, inverse) - shift) }, largest / top
      )
    }
  }

  /// keeping y + scale x wᵀ for x rounded to nearest and w with the largest code `top`.
  static func productTransposed(
    _ x: Tensor<Float>, _ w: Tensor<Float>, top: Float, scale: Float = 1, keeping: Float = 0,
    _ old: Tensor<Float>? = nil
  ) -> Tensor<Float> {
    let (rows, columns, inner) = (x.shape[0], w.shape[0], x.shape[1])
    let (xs, ws) = (x.scalars, w.scalars)
    let left = (0..<rows).map { rounded(Array(xs[$0 * inner..<($0 + 1) * inner]), top: 127) }
    let right = (0..<columns).map { rounded(Array(ws[$0 * inner..<($0 + 1) * inner]), top: top) }
    var y = old.map { ($0 * keeping).scalars } ?? Array(repeating: 0, count: rows * columns)
    for r in 0..<rows {
      for c in 0..<columns {
        for (a, b) in zip(left[r], right[c]) {
          let sum = zip(a.codes, b.codes).reduce(Int32(0)) { $0 + $1.0 * $1.1 }
          y[r * columns + c].addProduct(Float(sum), a.scale * scale * b.scale)
        }
      }
    }
    return Tensor(y, shape: [rows, columns])
  }
}

/// Runs `body` once with each unit for products of 8-bit integers that this processor has.
func withEveryInt8Unit(_ body: (Int32) throws -> Void) rethrows {
  defer { loqt_force_int8_unit(-1) }
  for unit in Int32(LOQT_INT8_PLAIN)...Int32(LOQT_INT8_AMX) where loqt_has_int8_unit(unit) {
    loqt_force_int8_unit(unit)
    try body(unit)
  }
}

/// x w in double precision, rounded once.
func exactProduct(_ x: Tensor<Float>, _ w: Tensor<Float>) -> Tensor<Double> {
  matmul(x.converted(to: Double.self), w.converted(to: Double.self))
}

/// The error of a product over the norm of the exact one.
func relativeError(_ y: Tensor<Float>, _ exact: Tensor<Double>) -> Double {
  let difference = y.converted(to: Double.self) - exact
  return (difference.dot(difference) / exact.dot(exact)).squareRoot()
}
