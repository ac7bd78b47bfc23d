internal import CKernels
import Tensors

/// The left side of a product, rounded to 8 bits: tiles of 16 rows and 64 terms.
struct Int8Rows {
  /// How elements become integers.
  enum Rounding {
    /// To the nearest, ties to even.
    case nearest
    /// Up or down, with the element as the expected value.
    case random
  }

  /// The bytes of the tiles: those of sixteen rows, then those of the next.
  private var tiles: Tensor<UInt8>

  /// The rows of x `[rows, terms]`, times `scale`.
  init(
    rounding x: UnsafePointer<Float>, rows: Int, terms: Int, scale: Float, _ rounding: Rounding
  ) {
    let side = Int(LOQT_INT8_SIDE)
    let heights = dividedUp(rows, by: side)
    let blocks = dividedUp(terms, by: Int(LOQT_INT8_TERMS))
    tiles = Tensor(
      unsafeUninitializedShape: [heights * blocks * MemoryLayout<loqt_int8_rows>.stride]) { _ in }
    tiles.withMutablePointer { bytes in
      let tiles = UnsafeMutableRawPointer(bytes).assumingMemoryBound(to: loqt_int8_rows.self)
      parallelFor(heights, grain: max(1, elementwiseGrain / (side * max(1, terms)))) { part in
        for height in part {
          let first = height * side
          // Any key will do: what is drawn depends on the row and its place.
          var draws = loqt_draws(key: 0x1278, stream: 0, counter: UInt64(first))
          withUnsafePointer(to: &draws) { draws in
            loqt_int8_round(
              x + first * terms, terms, min(side, rows - first), terms, scale,
              rounding == .random ? draws : nil, tiles + height * blocks)
          }
        }
      }
    }
  }

  /// Calls `body` with the tiles, those of the same rows together.
  func withTiles(_ body: (UnsafePointer<loqt_int8_rows>) -> Void) {
    tiles.withPointer {
      body(UnsafeRawPointer($0).assumingMemoryBound(to: loqt_int8_rows.self))
    }
  }
}
