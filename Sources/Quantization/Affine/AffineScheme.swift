import Tensors

/// How a tensor is quantised to integers of 4 or 8 bits at equal distances.
public struct AffineScheme: Hashable, Sendable {
  /// Bits per element.
  public enum Bits: Int, Hashable, Sendable, CaseIterable {
    /// 16 levels, two codes per byte.
    case four = 4
    /// 256 levels.
    case eight = 8
  }
  /// Where the levels lie.
  public enum Symmetry: String, Hashable, Sendable, CaseIterable {
    /// Around 0, up to the largest magnitude of a group ("absmax").
    case symmetric
    /// From the least to the largest element of a group.
    case asymmetric
  }
  /// Which elements share a scale.
  public enum Grouping: Hashable, Sendable {
    /// All elements.
    case tensor
    /// A row: the elements along the last axis.
    case row
    /// A column: the elements of the same index along the last axis.
    case column
    /// This many consecutive elements of a row; the last group of a row may be shorter.
    case group(Int)
  }

  /// Bits per element.
  public let bits: Bits
  /// Where the levels lie.
  public let symmetry: Symmetry
  /// Which elements share a scale.
  public let grouping: Grouping

  /// A scheme. Traps for groups of no elements.
  public init(bits: Bits, symmetry: Symmetry = .symmetric, grouping: Grouping = .row) {
    if case .group(let size) = grouping {
      precondition(size > 0, "AffineScheme: group size \(size) is not positive")
    }
    self.bits = bits
    self.symmetry = symmetry
    self.grouping = grouping
  }

  /// The code of the least level, as an integer.
  var least: Float { bits == .four ? -8 : -128 }
  /// The code of the largest level, as an integer.
  var largest: Float { bits == .four ? 7 : 127 }

  /// Whether each row has its own scales, so that rows can be quantised as they come.
  var isByRows: Bool {
    switch grouping {
    case .row, .group: true
    case .tensor, .column: false
    }
  }

  /// The bytes a tensor of `shape` takes, scales included.
  func byteCount(shape: Shape) -> Int {
    let layout = AffineLayout(shape, self)
    let perGroup = symmetry == .symmetric ? 4 : 8
    return layout.rows * layout.rowBytes + perGroup * layout.groupCount
  }
}

/// Where the codes and scales of a tensor are; every row starts at a byte.
struct AffineLayout {
  let rows: Int
  let columns: Int
  let rowBytes: Int
  /// The number of elements of a row that share a scale.
  let groupSize: Int
  /// 0 if all rows share their scales.
  let groupsPerRow: Int
  let groupCount: Int

  init(_ shape: Shape, _ scheme: AffineScheme) {
    columns = shape.rank == 0 ? 1 : shape.lastDimension
    rows = shape.dropLast().reduce(1, *)
    rowBytes = scheme.bits == .four ? dividedUp(columns, by: 2) : columns
    switch scheme.grouping {
    case .tensor:
      (groupSize, groupsPerRow, groupCount) = (max(1, columns), 0, 1)
    case .row:
      (groupSize, groupsPerRow, groupCount) = (max(1, columns), 1, rows)
    case .column:
      (groupSize, groupsPerRow, groupCount) = (1, 0, columns)
    case .group(let size):
      (groupSize, groupsPerRow) = (size, dividedUp(columns, by: size))
      groupCount = rows * groupsPerRow
    }
  }

  /// The first group of a row.
  func firstGroup(ofRow row: Int) -> Int { row * groupsPerRow }
}
