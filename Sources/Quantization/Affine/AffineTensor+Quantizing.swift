internal import CKernels
import Tensors

extension AffineTensor: BlockwiseTensor {
  /// The elements of the parts that `fill` hands over; see `take`.
  init(
    shape: Shape, scheme: AffineScheme, rounding random: RandomSource?,
    _ fill: (_ append: (Tensor<Float>) -> Void) throws -> Void
  ) rethrows {
    let layout = AffineLayout(shape, scheme)
    self.shape = shape
    self.scheme = scheme
    codes = .init(repeating: 0, shape: [layout.rows * layout.rowBytes])
    scales = .zeros([layout.groupCount])
    zeros = .zeros([scheme.symmetry == .symmetric ? 0 : layout.groupCount])
    try take(rounding: random, fill)
  }

  /// A row; one scale of the tensor, or one a column, waits for all elements.
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
          func set(_ first: Int, _ extents: AffineExtents) {
            extents.forEachGroup { group, least, largest, check in
              let levels = scheme.levels(from: least, to: largest, check: check)
              scales[first + group] = levels.scale
              if !isSymmetric { zeros[first + group] = levels.zero }
            }
          }
          if layout.groupsPerRow == 0 {
            var extents = AffineExtents(groups: layout.groupCount)
            extents.take(
              x, rows: count / columns, columns: columns, byColumns: scheme.grouping == .column)
            set(0, extents)
          }
          forEachPart(of: count, unit: columns, &random) { part, draws in
            var extents = AffineExtents(groups: layout.groupsPerRow)
            for first in stride(from: part.lowerBound, to: part.upperBound, by: columns) {
              let row = (start + first) / columns
              let group = layout.firstGroup(ofRow: row)
              if layout.groupsPerRow > 0 {
                extents.take(x + first, count: columns, groupSize: layout.groupSize)
                set(group, extents)
              }
              quantizeRow(
                x + first, draws.map { $0 + (first - part.lowerBound) }, scheme, layout,
                scales + group, isSymmetric ? nil : zeros + group, codes + row * layout.rowBytes)
            }
          }
        }
      }
    }
  }
}

/// Writes the codes of a row whose levels are known.
private func quantizeRow(
  _ x: UnsafePointer<Float>, _ draws: UnsafePointer<Float>?, _ scheme: AffineScheme,
  _ layout: AffineLayout, _ scales: UnsafePointer<Float>, _ zeros: UnsafePointer<Float>?,
  _ target: UnsafeMutablePointer<UInt8>
) {
  func write(_ codes: UnsafeMutablePointer<UInt8>) {
    loqt_affine_codes(
      x, draws, layout.columns, layout.groupSize, scales, zeros, scheme.least, scheme.largest,
      codes)
  }
  if scheme.bits == .eight { return write(target) }
  withUnsafeTemporaryAllocation(of: UInt8.self, capacity: layout.columns) { codes in
    write(codes.baseAddress!)
    loqt_pack_nibbles(codes.baseAddress!, layout.columns, target)
  }
}

/// What the levels of groups depend on: the least and the largest element of each, and 0, or NaN
/// where one is not finite.
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

  func forEachGroup(
    _ body: (_ group: Int, _ least: Float, _ largest: Float, _ check: Float) -> Void
  ) {
    values.withPointer { values in
      for group in 0..<groups {
        body(group, values[group], values[groups + group], values[2 * groups + group])
      }
    }
  }
}

extension AffineScheme {
  /// Scale and zero of a group; NaN where a number is not finite.
  fileprivate func levels(from bottom: Float, to top: Float, check: Float) -> (
    scale: Float, zero: Float
  ) {
    guard check == 0 else { return (.nan, 0) }
    let magnitude = max(-bottom, top)
    // So large that a level is a normal number.
    let tiny: Float = 0x1p-118
    switch symmetry {
    case .symmetric: return (max(magnitude, tiny) / largest, 0)
    case .asymmetric:
      // A range far below the numbers in it would make a zero that a float cannot hold. Halves,
      // as the range of finite numbers may be infinite.
      let range = max(top / 2 - bottom / 2, magnitude * 0x1p-17, tiny)
      let scale = range / ((largest - least) / 2)
      return (scale, (bottom / scale).rounded(.toNearestOrEven) - least)
    }
  }
}
