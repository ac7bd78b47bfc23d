internal import CKernels
public import Tensors

/// A tensor of integers of 4 or 8 bits at equal distances: an element is scale x (code + zero),
/// with a scale, and for asymmetric schemes a zero, for each group.
///
/// With codes from Qn = -2^(b-1) to Qp = 2^(b-1) - 1: symmetric, scale = max |x| / Qp and zero = 0;
/// asymmetric, scale = (max x - min x) / (2^b - 1) and zero = round(min x / scale) - Qn. Elements
/// are rounded to nearest, ties to even, or stochastically, so that the expected value is the
/// element.
///
/// An element is off by at most half a scale (rounded stochastically, by less than one). Quantising
/// the result again moves no element by more than 0.05 of its scale; symmetric, the codes stay the
/// same.
///
/// A group that contains NaN or infinity becomes NaN as a whole: see `isFinite`.
public struct AffineTensor: QuantizedTensor {
  /// The sizes of the axes, outermost first.
  public let shape: Shape
  /// Bits, symmetry and groups.
  public let scheme: AffineScheme
  /// Codes - Qn, one per byte, or two with the first element in the high nibble; rows start at
  /// bytes, and an odd row ends with a nibble of 0.
  public internal(set) var codes: Tensor<UInt8>
  /// The distance between levels in each group, row by row.
  public internal(set) var scales: Tensor<Float>
  /// The zero that is added to the codes of each group; empty if symmetric.
  public internal(set) var zeros: Tensor<Float>

  /// `x` with each number rounded to the nearest level, ties to the even code.
  public init(quantizing x: Tensor<Float>, as scheme: AffineScheme) {
    self.init(shape: x.shape, scheme: scheme, rounding: nil) { $0(x) }
  }

  /// `x` rounded stochastically: each number goes up or down, more likely to the nearer level, so
  /// that the expected value is the number itself. The exceptions are extreme elements of an
  /// asymmetric group whose zero, an integer, leaves them beyond the outermost level.
  public init(
    quantizing x: Tensor<Float>, as scheme: AffineScheme, using source: inout RandomSource
  ) {
    self.init(shape: x.shape, scheme: scheme, rounding: source.forRounding()) { $0(x) }
  }

  /// Bits, symmetry and groups.
  public var format: WeightFormat { .affine(scheme) }

  /// Whether every scale and zero is a finite number.
  public var isFinite: Bool { scales.isFinite && zeros.isFinite }

  /// Writes the elements at `range`, in row-major order, to `out`.
  public func _dequantize(_ range: Range<Int>, into out: UnsafeMutablePointer<Float>) {
    withRowReader { columns, read in
      var element = range.lowerBound
      while element < range.upperBound {
        let (row, first) = element.quotientAndRemainder(dividingBy: columns)
        let count = min(range.upperBound - element, columns - first)
        read(row, first, count, out + (element - range.lowerBound))
        element += count
      }
    }
  }

  /// Writes the part `rows` x `columns` of a matrix to `out`.
  public func _dequantizePanel(
    rows: Range<Int>, columns: Range<Int>, into out: UnsafeMutablePointer<Float>
  ) {
    withRowReader { _, read in
      for (i, row) in rows.enumerated() {
        read(row, columns.lowerBound, columns.count, out + i * columns.count)
      }
    }
  }

  /// Calls `body` with the number of columns and a function that reads a part of a row.
  private func withRowReader(
    _ body: (
      _ columns: Int,
      _ read: (_ row: Int, _ first: Int, _ count: Int, UnsafeMutablePointer<Float>) -> Void
    ) -> Void
  ) {
    let layout = AffineLayout(shape, scheme)
    let (isPacked, isSymmetric) = (scheme.bits == .four, scheme.symmetry == .symmetric)
    codes.withPointer { codes in
      scales.withPointer { scales in
        zeros.withPointer { zeros in
          body(layout.columns) { row, first, count, out in
            let group = layout.firstGroup(ofRow: row)
            loqt_affine_dequantize(
              codes + row * layout.rowBytes, isPacked, first, count, layout.groupSize,
              scales + group, isSymmetric ? nil : zeros + group, scheme.least, out)
          }
        }
      }
    }
  }

  /// Calls `body` unless each column has its own scale or groups are not of 32, 64, 128 and so on
  /// elements.
  public func _withCodes(_ body: (_CodeMatrix) -> Void) {
    let layout = AffineLayout(shape, scheme)
    // A group of a row or of all elements ends beyond any row.
    var shift = Int.bitWidth - layout.columns.leadingZeroBitCount
    switch scheme.grouping {
    case .tensor, .row: break
    case .column: return
    case .group(let size):
      guard isBlockSize(size) else { return }
      shift = size.trailingZeroBitCount
    }
    codes.withPointer { codes in
      scales.withPointer { values in
        zeros.withPointer { zeros in
          var scales = loqt_scales4()
          scales.values = values
          body(
            _CodeMatrix(
              Int32(scheme.bits == .eight ? LOQT_INT8 : LOQT_INT4), codes,
              rowBytes: layout.rowBytes, scales: scales,
              zeros: scheme.symmetry == .symmetric ? nil : zeros,
              rowSpan: layout.groupsPerRow << shift, shift: shift))
        }
      }
    }
  }
}

extension AffineTensor {
  /// The bytes `codes`, the floats `scales` and, if asymmetric, `zeros`.
  public var parts: TensorParts {
    var floats = ["scales": scales]
    if scheme.symmetry == .asymmetric { floats["zeros"] = zeros }
    return TensorParts(bytes: ["codes": codes], floats: floats)
  }

  /// A tensor of `shape` from its `parts`, whatever their shapes: only their elements count.
  ///
  /// - Throws: A ``QuantizationError`` when a part is missing, has the wrong number of elements, or
  ///   a scale or zero is not finite.
  public init(shape: Shape, scheme: AffineScheme, parts: TensorParts) throws(QuantizationError) {
    _ = try elementCount(of: shape)
    let layout = AffineLayout(shape, scheme)
    self.shape = shape
    self.scheme = scheme
    codes = try part("codes", of: parts.bytes, count: layout.rows * layout.rowBytes, shape)
    scales = try finitePart("scales", of: parts.floats, count: layout.groupCount, shape)
    zeros =
      scheme.symmetry == .symmetric
      ? .zeros([0]) : try finitePart("zeros", of: parts.floats, count: layout.groupCount, shape)
  }
}
