public import Tensors

/// A tensor stored in few bits per element that gives its elements back as floats.
///
/// A quantised tensor is a type of its own, not a kind of `Tensor`, so no operation takes one
/// silently. Elements are in row-major order; a matrix of a linear layer is `[out, in]`, as in
/// published checkpoints. A format implements the requirements; reading by rows and the products
/// follow from them.
public protocol QuantizedTensor: Sendable {
  /// The sizes of the axes, outermost first.
  var shape: Shape { get }
  /// How the elements are stored: another tensor quantised to it is stored like this one.
  var format: WeightFormat { get }
  /// Whether every element is finite. Reads only the scales: a number that is not finite makes its
  /// block, group or tensor NaN, so that a broken one never turns into a plausible one. See
  /// `checkFinite()`.
  var isFinite: Bool { get }
  /// The plain tensors that this one consists of, for files.
  var parts: TensorParts { get }
  /// Writes the elements at `range`, counted in row-major order, to `out`, on the calling thread.
  func _dequantize(_ range: Range<Int>, into out: UnsafeMutablePointer<Float>)
  /// Writes the part `rows` x `columns` of a matrix to `out`, `[rows.count, columns.count]`, on the
  /// calling thread. By default row by row.
  func _dequantizePanel(
    rows: Range<Int>, columns: Range<Int>, into out: UnsafeMutablePointer<Float>)
  /// Calls `body` with the layout of this matrix's codes, if 32 elements of a row always share a
  /// scale; by default, never.
  func _withCodes(_ body: (_CodeMatrix) -> Void)
  /// This matrix `[out, in]` + `scale * a b` for a `[out, k]` and b `[k, in]`, in the same format
  /// and never whole in float; nil, the default, if the format has no faster way than panels of
  /// rows.
  func _addingProduct(_ a: Tensor<Float>, _ b: Tensor<Float>, scale: Float)
    -> (any QuantizedTensor)?
}

extension QuantizedTensor {
  /// Writes row by row; whole rows at once.
  public func _dequantizePanel(
    rows: Range<Int>, columns: Range<Int>, into out: UnsafeMutablePointer<Float>
  ) {
    let length = shape[1]
    if columns.count == length {
      return _dequantize(rows.lowerBound * length..<rows.upperBound * length, into: out)
    }
    for (i, row) in rows.enumerated() {
      let start = row * length
      _dequantize(
        start + columns.lowerBound..<start + columns.upperBound, into: out + i * columns.count)
    }
  }

  /// Does nothing.
  public func _withCodes(_ body: (_CodeMatrix) -> Void) {}

  /// Nil.
  public func _addingProduct(
    _ a: Tensor<Float>, _ b: Tensor<Float>, scale: Float
  ) -> (any QuantizedTensor)? {
    nil
  }

  /// The bytes that its codes and scales take.
  public var byteCount: Int { format.byteCount(shape: shape) }

  /// All elements as floats.
  public func dequantized() -> Tensor<Float> {
    Tensor(unsafeUninitializedShape: shape) { out in
      dequantize(0..<out.count, into: out.baseAddress!)
    }
  }

  /// The part `rows` of the first axis as floats: `[rows.count, ...]`. Traps outside the shape.
  public func dequantizedRows(_ rows: Range<Int>) -> Tensor<Float> {
    let length = checkedRowLength(rows)
    return Tensor(unsafeUninitializedShape: Shape([rows.count] + shape.dropFirst())) { out in
      dequantize(
        rows.lowerBound * length..<rows.upperBound * length, into: out.baseAddress!)
    }
  }

  /// Writes the part `rows` of the first axis to `buffer`. Traps outside the shape, and unless the
  /// buffer has exactly as many elements.
  public func dequantize(rows: Range<Int>, into buffer: UnsafeMutableBufferPointer<Float>) {
    let count = rows.count * checkedRowLength(rows)
    precondition(
      buffer.count == count,
      "dequantize: a buffer of \(buffer.count) does not fit \(count) elements")
    if count > 0 { dequantizeRows(rows, into: buffer.baseAddress!) }
  }

  /// Does nothing if every element is finite.
  ///
  /// - Throws: A ``QuantizationError`` that names the place of the first element that is not
  ///   finite. Quantising itself never fails: what it cannot store becomes NaN.
  public func checkFinite() throws(QuantizationError) {
    guard !isFinite else { return }
    let (count, part) = (shape.elementCount, 4096)
    var place: Int?
    withUnsafeTemporaryAllocation(of: Float.self, capacity: part) { buffer in
      for first in stride(from: 0, to: count, by: part) where place == nil {
        let end = min(count, first + part)
        _dequantize(first..<end, into: buffer.baseAddress!)
        place = (first..<end).first { !buffer[$0 - first].isFinite }
      }
    }
    throw QuantizationError(
      .nonFiniteScale,
      "a tensor \(shape) in \(format) contains NaN or infinity"
        + (place.map { ", first at element \($0) in row-major order" } ?? ""))
  }

  /// Replaces the elements of `target`. Traps unless the shapes are equal.
  public func dequantize(into target: inout Tensor<Float>) {
    precondition(
      target.shape == shape, "dequantize: \(shape) does not fit into \(target.shape)")
    target.withMutablePointer { dequantize(0..<shape.elementCount, into: $0) }
  }

  /// Writes the part `rows` of the first axis to `out`, in parallel. Traps outside the shape.
  package func dequantizeRows(_ rows: Range<Int>, into out: UnsafeMutablePointer<Float>) {
    let length = checkedRowLength(rows)
    dequantize(rows.lowerBound * length..<rows.upperBound * length, into: out)
  }

  private func checkedRowLength(_ rows: Range<Int>) -> Int {
    precondition(
      shape.rank >= 1 && rows.lowerBound >= 0 && rows.upperBound <= shape[0],
      "dequantizedRows: rows \(rows) outside shape \(shape)")
    return shape.dropFirst().reduce(1, *)
  }

  private func dequantize(_ range: Range<Int>, into out: UnsafeMutablePointer<Float>) {
    // Parts start at multiples of a block, so that no scale is read twice; a thread is worth waking
    // for some ten microseconds of work.
    let unit = 4096
    let units = dividedUp(range.upperBound, by: unit) - range.lowerBound / unit
    parallelFor(units, grain: (1 << 16) / unit) { part in
      let first = max(range.lowerBound, (range.lowerBound / unit + part.lowerBound) * unit)
      let end = min(range.upperBound, (range.lowerBound / unit + part.upperBound) * unit)
      if first < end { _dequantize(first..<end, into: out + (first - range.lowerBound)) }
    }
  }
}
