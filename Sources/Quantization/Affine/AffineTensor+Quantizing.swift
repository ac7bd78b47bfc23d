internal import CKernels
import Tensors

extension AffineTensor: BlockwiseTensor {
  /// Quantises the parts that `fill` hands over; see `take`.
  init(
    shape: Shape, scheme: AffineScheme, rounding random: RandomSource?,
    _ fill: (_ append: (Tensor<Float>) -> Void) throws -> Void
  ) rethrows {
    let layout = AffineLayout(shape, scheme)
    self.shape = shape
    self.scheme = scheme
    codes = Tensor(unsafeUninitializedShape: [layout.rows * layout.rowBytes]) { _ in }
    scales = .zeros([layout.groupCount])
    zeros = .zeros([scheme.symmetry == .symmetric ? 0 : layout.groupCount])
    try take(rounding: random, fill)
  }

  /// A row; all elements if the tensor has one scale, or one per column.
  var unitSize: Int {
    max(1, scheme.isByRows ? AffineLayout(shape, scheme).columns : shape.elementCount)
  }

  mutating func quantize(
    _ x: UnsafePointer<Float>, count: Int, at start: Int, rounding random: inout RandomSource?
  ) {
    let (layout, scheme) = (AffineLayout(shape, scheme), scheme)
    let columns = layout.columns
    let isSymmetric = scheme.symmetry == .symmetric
    codes.withMutablePointer { codes in
      scales.withMutablePointer { scales in
        zeros.withMutablePointer { zeros in
          if layout.groupsPerRow == 0 {
            var extents = AffineExtents(groups: layout.groupCount)
            extents.take(
              x, rows: count / columns, columns: columns, byColumns: scheme.grouping == .column)
            extents.writeLevels(of: scheme, scales, isSymmetric ? nil : zeros)
          }
          forEachPart(of: count, unit: columns, &random) { part, draws in
            var extents = AffineExtents(groups: layout.groupsPerRow)
            for first in stride(from: part.lowerBound, to: part.upperBound, by: columns) {
              let row = (start + first) / columns
              let group = layout.firstGroup(ofRow: row)
              let (scales, zeros) = (scales + group, isSymmetric ? nil : zeros + group)
              if layout.groupsPerRow > 0 {
                extents.take(x + first, count: columns, groupSize: layout.groupSize)
                extents.writeLevels(of: scheme, scales, zeros)
              }
              loqt_affine_codes(
                x + first, draws.map { $0 + (first - part.lowerBound) }, columns,
                layout.groupSize, scales, zeros, scheme.least, scheme.largest,
                scheme.bits == .four, codes + row * layout.rowBytes)
            }
          }
        }
      }
    }
  }
}

/// What the levels of groups depend on: the least and the largest element of each, and a check that
/// is 0, or NaN if an element is not finite.
private struct AffineExtents {
  private let groups: Int
  private var values: Tensor<Float>

  init(groups: Int) {
    self.groups = groups
    values = .zeros([3 * groups])
  }

  /// The extents of consecutive groups.
  mutating func take(_ x: UnsafePointer<Float>, count: Int, groupSize: Int) {
    values.withMutablePointer {
      loqt_affine_extents(x, count, groupSize, $0, $0 + groups, $0 + 2 * groups)
    }
  }

  /// The extents of all elements, or of the columns.
  mutating func take(_ x: UnsafePointer<Float>, rows: Int, columns: Int, byColumns: Bool) {
    guard byColumns else { return take(x, count: rows * columns, groupSize: rows * columns) }
    values.withMutablePointer {
      loqt_affine_column_extents(x, rows, columns, $0, $0 + groups, $0 + 2 * groups)
    }
  }

  /// Writes the scales of the groups, and the zeros of an asymmetric scheme.
  func writeLevels(
    of scheme: AffineScheme, _ scales: UnsafeMutablePointer<Float>,
    _ zeros: UnsafeMutablePointer<Float>?
  ) {
    values.withPointer {
      loqt_affine_levels(
        $0, $0 + groups, $0 + 2 * groups, groups, scheme.least, scheme.largest, scales, zeros)
    }
  }
}
