internal import CKernels
import Tensors

/// A product `[rows, inner] x [inner, columns]` in 8-bit integers with a matrix that is dequantised
/// panel by panel, each rounded as soon as it is made.
///
/// Each thread forms its own columns. Elements are rounded the same and added in the same order
/// however the columns are split, so the number of threads does not change the result.
struct Int8Product {
  let rows: Int
  let columns: Int
  let inner: Int
  /// The code of the largest magnitude of 64 terms of the matrix.
  let top: Float

  /// Writes the given rows and columns of the matrix, contiguously.
  typealias Fill = (
    _ rows: Range<Int>, _ columns: Range<Int>, UnsafeMutablePointer<Float>
  ) -> Void

  private static let side = Int(LOQT_INT8_SIDE)
  private static let terms = Int(LOQT_INT8_TERMS)
  /// The columns and the terms of a panel: its 280 KB stay in the L2 cache of a core beside the part
  /// of the left side that is multiplied with it.
  private static let panelColumns = 256
  private static let panelTerms = 1024

  /// `c = keeping * c + scale * x w`, or with w transposed, for x `[rows, inner]` and c `[rows,
  /// columns]`, where `fill` writes parts of w.
  func add(
    _ x: UnsafePointer<Float>, transposed: Bool, scale: Float, keeping: Float,
    to c: UnsafeMutablePointer<Float>, _ fill: Fill
  ) {
    let left = Int8Rows(
      rounding: x, rows: rows, terms: inner, scale: scale, transposed ? .nearest : .random)
    left.withTiles { left in
      // A thread is worth waking for some ten microseconds of work.
      let grain = max(1, (1 << 21) / (rows * inner * Self.side))
      parallelFor(dividedUp(columns, by: Self.side), grain: grain) { units in
        add(
          left, to: c,
          columns: units.lowerBound * Self.side..<min(columns, units.upperBound * Self.side),
          transposed: transposed, keeping: keeping, fill)
      }
    }
  }

  private func add(
    _ left: UnsafePointer<loqt_int8_rows>, to c: UnsafeMutablePointer<Float>, columns: Range<Int>,
    transposed: Bool, keeping: Float, _ fill: Fill
  ) {
    let leftBlocks = dividedUp(inner, by: Self.terms)
    let blocks = min(leftBlocks, Self.panelTerms / Self.terms)
    let tiles = Self.panelColumns / Self.side * blocks
    var panel = Tensor<UInt8>(
      unsafeUninitializedShape: [tiles * MemoryLayout<loqt_int8_columns>.stride]) { _ in }
    var floats = Tensor<Float>(
      unsafeUninitializedShape: [max(Self.side * Self.panelTerms, Self.terms * Self.panelColumns)]
    ) { _ in }
    panel.withMutablePointer { bytes in
      let panel = UnsafeMutableRawPointer(bytes).assumingMemoryBound(to: loqt_int8_columns.self)
      floats.withMutablePointer { floats in
        for first in stride(from: columns.lowerBound, to: columns.upperBound, by: Self.panelColumns)
        {
          let columns = first..<min(columns.upperBound, first + Self.panelColumns)
          for start in stride(from: 0, to: inner, by: Self.panelTerms) {
            let terms = start..<min(inner, start + Self.panelTerms)
            let blocks = dividedUp(terms.count, by: Self.terms)
            if transposed {
              roundRows(columns, terms, floats, panel, blocks, fill)
            } else {
              roundColumns(columns, terms, floats, panel, blocks, fill)
            }
            loqt_int8_multiply(
              left + start / Self.terms, leftBlocks, rows, panel, blocks, columns.count, blocks,
              start == 0 ? keeping : 1, c + columns.lowerBound, self.columns)
          }
        }
      }
    }
  }

  /// The panel of rows of w, along which the sums run.
  private func roundRows(
    _ rows: Range<Int>, _ terms: Range<Int>, _ floats: UnsafeMutablePointer<Float>,
    _ panel: UnsafeMutablePointer<loqt_int8_columns>, _ blocks: Int, _ fill: Fill
  ) {
    for (tile, first) in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.side)
      .enumerated()
    {
      let rows = first..<min(rows.upperBound, first + Self.side)
      fill(rows, terms, floats)
      loqt_int8_panel(floats, terms.count, rows.count, terms.count, top, panel + tile * blocks)
    }
  }

  /// The panel of columns of w, along which the sums run.
  private func roundColumns(
    _ columns: Range<Int>, _ terms: Range<Int>, _ floats: UnsafeMutablePointer<Float>,
    _ panel: UnsafeMutablePointer<loqt_int8_columns>, _ blocks: Int, _ fill: Fill
  ) {
    for (block, first) in stride(from: terms.lowerBound, to: terms.upperBound, by: Self.terms)
      .enumerated()
    {
      let terms = first..<min(terms.upperBound, first + Self.terms)
      fill(terms, columns, floats)
      for (tile, column) in stride(from: 0, to: columns.count, by: Self.side).enumerated() {
        loqt_int8_panel_transposed(
          floats + column, columns.count, min(Self.side, columns.count - column), terms.count, top,
          panel + tile * blocks + block)
      }
    }
  }
}
