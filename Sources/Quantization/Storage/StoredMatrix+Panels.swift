public import Tensors

extension StoredMatrix {
  /// Calls `body` with one panel of rows after another as floats, `[rows.count, in]`. A quantised
  /// matrix is never whole in float: a panel takes at most 4 MiB (or one row, if that is more).
  public func forEachPanel(
    _ body: (_ rows: Range<Int>, _ panel: Tensor<Float>) throws -> Void
  ) rethrows {
    for rows in Self.panels(of: shape) { try body(rows, dequantizedRows(rows)) }
  }

  /// A matrix of `shape` stored in `format`, built by panels of rows, so that a quantised one is
  /// never whole in float (except with affine scales that all rows share). `panel` returns the rows
  /// it is asked for, `[rows.count, in]`, from the first to the last. Traps if it returns another
  /// shape.
  public init(
    shape: Shape, as format: WeightFormat,
    byPanels panel: (_ rows: Range<Int>) throws -> Tensor<Float>
  ) rethrows {
    try self.init(shape: shape, as: format, rounding: nil, byPanels: panel)
  }

  /// The same, rounded stochastically: each element becomes one of its two neighbouring levels, the
  /// nearer one more likely; floats stay what they are.
  public init(
    shape: Shape, as format: WeightFormat, using source: inout RandomSource,
    byPanels panel: (_ rows: Range<Int>) throws -> Tensor<Float>
  ) rethrows {
    try self.init(shape: shape, as: format, rounding: source.forRounding(), byPanels: panel)
  }

  private init(
    shape: Shape, as format: WeightFormat, rounding random: RandomSource?,
    byPanels panel: (_ rows: Range<Int>) throws -> Tensor<Float>
  ) rethrows {
    precondition(shape.rank == 2, "StoredMatrix: \(shape) is not the shape of a matrix")
    func checkedPanel(_ rows: Range<Int>) throws -> Tensor<Float> {
      let values = try panel(rows)
      precondition(
        values.shape == [rows.count, shape[1]],
        "StoredMatrix: panel \(values.shape) given for rows \(rows) of \(shape)")
      return values
    }
    guard format == .float32 else {
      self = .quantized(
        try format.quantizing(shape: shape, rounding: random) { append in
          for rows in Self.panels(of: shape) { append(try checkedPanel(rows)) }
        })
      return
    }
    var matrix = Tensor<Float>(unsafeUninitializedShape: shape) { _ in }
    for rows in Self.panels(of: shape) {
      let values = try checkedPanel(rows)
      matrix.withMutablePointer { target in
        values.withPointer {
          (target + rows.lowerBound * shape[1]).update(from: $0, count: values.elementCount)
        }
      }
    }
    self = .dense(matrix)
  }

  /// `self += scale * a b` for a `[out, k]` and b `[k, in]`: in place if dense and unshared,
  /// otherwise by panels, each dequantised, added to and quantised again. Traps when the shapes do
  /// not fit.
  public mutating func addProduct(_ a: Tensor<Float>, _ b: Tensor<Float>, scale: Float = 1) {
    precondition(
      a.rank == 2 && b.rank == 2 && a.shape[1] == b.shape[0]
        && shape == [a.shape[0], b.shape[1]],
      "addProduct: \(a.shape) times \(b.shape) does not fit into \(shape)")
    switch self {
    case .dense(var matrix):
      // Releases the matrix held here, so that the change happens in place.
      self = .dense(.empty)
      matrix.addProduct(a, b, scale: scale)
      self = .dense(matrix)
    case .quantized(let matrix):
      if let sum = matrix._addingProduct(a, b, scale: scale) {
        self = .quantized(sum)
        return
      }
      self = StoredMatrix(shape: shape, as: format) { rows in
        var panel = matrix.dequantizedRows(rows)
        panel.addProduct(a.sliced(rows), b, scale: scale)
        return panel
      }
    }
  }

  private static func panels(of shape: Shape) -> [Range<Int>] {
    let height = panelRows(of: shape)
    return stride(from: 0, to: shape[0], by: height).map { $0..<min(shape[0], $0 + height) }
  }
}
