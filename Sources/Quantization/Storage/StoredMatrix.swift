public import Tensors

/// A matrix that is either dense or quantised, behind one interface, so that a method and its
/// variant without quantisation are the same code.
///
/// The matrix of a linear layer is `[out, in]`, as in published checkpoints.
public enum StoredMatrix: Sendable {
  /// Floats.
  case dense(Tensor<Float>)
  /// In a quantised format.
  case quantized(any QuantizedTensor)

  /// `matrix` in the given format. Traps unless it has two axes, or for a block size that the format
  /// does not have.
  public init(storing matrix: Tensor<Float>, as format: WeightFormat) {
    self.init(storing: matrix, as: format, rounding: nil)
  }

  /// `matrix` in the given format, rounded stochastically: each element becomes one of its two
  /// neighbouring levels, the nearer one more likely; floats stay what they are. Traps unless it
  /// has two axes, or for a block size that the format does not have.
  public init(
    storing matrix: Tensor<Float>, as format: WeightFormat, using source: inout RandomSource
  ) {
    self.init(storing: matrix, as: format, rounding: source.forRounding())
  }

  private init(
    storing matrix: Tensor<Float>, as format: WeightFormat, rounding random: RandomSource?
  ) {
    precondition(matrix.rank == 2, "StoredMatrix: \(matrix.shape) is not a matrix")
    self =
      format == .float32
      ? .dense(matrix.contiguous())
      : .quantized(
        format.quantizing(shape: matrix.shape, rounding: random) { append in append(matrix) })
  }

  /// The sizes, rows first.
  public var shape: Shape {
    switch self {
    case .dense(let matrix): matrix.shape
    case .quantized(let matrix): matrix.shape
    }
  }

  /// How the elements are stored.
  public var format: WeightFormat {
    switch self {
    case .dense: .float32
    case .quantized(let matrix): matrix.format
    }
  }

  /// The bytes of its elements, or of its codes and scales.
  public var byteCount: Int {
    switch self {
    case .dense(let matrix): matrix.byteCount
    case .quantized(let matrix): matrix.byteCount
    }
  }

  /// Counts its buffers as `kind` from now on.
  public func count(as kind: TensorMemory.Kind) {
    if case .dense(let matrix) = self { return matrix.count(as: kind) }
    let parts = self.parts
    for part in parts.bytes.values { part.count(as: kind) }
    for part in parts.floats.values { part.count(as: kind) }
  }

  /// Whether every element is a finite number.
  public var isFinite: Bool {
    switch self {
    case .dense(let matrix): matrix.isFinite
    case .quantized(let matrix): matrix.isFinite
    }
  }

  /// Does nothing if every element is finite.
  ///
  /// - Throws: A ``QuantizationError`` that names the place of the first element that is not.
  public func checkFinite() throws(QuantizationError) {
    switch self {
    case .dense(let matrix):
      guard let place = matrix.isFinite ? nil : matrix.scalars.firstIndex(where: { !$0.isFinite })
      else { return }
      throw QuantizationError(
        .nonFiniteScale,
        "a matrix \(shape) in float32 contains NaN or infinity, first at element \(place)")
    case .quantized(let matrix): try matrix.checkFinite()
    }
  }

  /// All elements as floats; a dense matrix as it is.
  public func dequantized() -> Tensor<Float> {
    switch self {
    case .dense(let matrix): matrix
    case .quantized(let matrix): matrix.dequantized()
    }
  }

  /// Some rows as floats: `[rows.count, in]`. Traps outside the shape.
  public func dequantizedRows(_ rows: Range<Int>) -> Tensor<Float> {
    switch self {
    case .dense(let matrix): matrix.sliced(rows)
    case .quantized(let matrix): matrix.dequantizedRows(rows)
    }
  }
}

extension StoredMatrix {
  /// The plain tensors it consists of, for files: those of its format, or the floats `values`.
  public var parts: TensorParts {
    switch self {
    case .dense(let matrix): TensorParts(floats: ["values": matrix])
    case .quantized(let matrix): matrix.parts
    }
  }

  /// A matrix of `shape` in `format` from its `parts`.
  ///
  /// - Throws: A ``QuantizationError`` that names the part that is missing or does not fit.
  public init(shape: Shape, format: WeightFormat, parts: TensorParts) throws(QuantizationError) {
    guard shape.rank == 2 else {
      throw QuantizationError(.sizeMismatch, "shape \(shape) is not that of a matrix")
    }
    guard format == .float32 else {
      self = .quantized(try format.restoring(shape: shape, parts: parts))
      return
    }
    let count = try elementCount(of: shape)
    self = .dense(try part("values", of: parts.floats, count: count, shape).reshaped(to: shape))
  }
}
