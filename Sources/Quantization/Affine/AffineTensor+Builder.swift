internal import CKernels
public import Tensors

extension AffineTensor {
  /// Quantises a tensor that arrives part by part.
  ///
  /// However the elements are cut, the result is that of quantising them at once. With scales of
  /// rows or groups the tensor never lies whole in float; one scale of the tensor, or one a column,
  /// waits for all elements.
  public struct Builder: ~Copyable, QuantizedTensorBuilder {
    private var cutter: BlockCutter
    private var tensor: AffineTensor
    private var random: RandomSource?
    private var quantizedRows = 0

    /// A builder of a tensor of `shape`. With a generator in `rounding` it rounds at random, so that
    /// the expected value is the number itself, else to nearest, ties to the even code.
    public init(shape: Shape, scheme: AffineScheme, rounding random: RandomSource? = nil) {
      tensor = AffineTensor(shape: shape, scheme: scheme)
      self.random = random
      let count = shape.elementCount
      let columns = shape.rank == 0 ? 1 : shape.lastDimension
      cutter = BlockCutter(
        elementCount: count, blockSize: max(1, scheme.isByRows ? columns : count))
    }

    /// Takes the elements that follow, in row-major order. Traps when they are more than the shape
    /// has.
    public mutating func append(_ x: Tensor<Float>) {
      var cutter = cutter
      x.withPointer { elements in
        cutter.append(elements, count: x.elementCount) { quantize($0, count: $1) }
      }
      self.cutter = cutter
    }

    /// The quantised tensor. Traps unless all elements of the shape have been appended.
    public consuming func finish() -> AffineTensor {
      var cutter = cutter
      cutter.finish { quantize($0, count: $1) }
      return tensor
    }

    /// Whole rows.
    private mutating func quantize(_ x: UnsafePointer<Float>, count: Int) {
      let layout = AffineLayout(tensor.shape, tensor.scheme)
      let (rows, columns, scheme) = (count / layout.columns, layout.columns, tensor.scheme)
      let firstRow = quantizedRows
      var random = random
      tensor.withMutablePointers { codes, scales, zeros in
        func set(_ group: Int, _ extent: Extent) {
          let levels = scheme.levels(of: extent)
          scales[group] = levels.scale
          if scheme.symmetry == .asymmetric { zeros[group] = levels.zero }
        }
        if layout.groupsPerRow == 0 {
          for (group, extent) in scheme.sharedExtents(x, rows: rows, columns: columns).enumerated()
          {
            set(group, extent)
          }
        }
        forEachBatch(of: rows, columns: columns, &random) { batch, draws in
          parallelFor(batch.count, grain: max(1, elementwiseGrain / columns)) { part in
            for row in part {
              let values = x + (batch.lowerBound + row) * columns
              let target = firstRow + batch.lowerBound + row
              let first = layout.firstGroup(ofRow: target)
              if layout.groupsPerRow > 0 {
                withExtents(of: values, count: columns, groupSize: layout.groupSize) {
                  set(first + $0, $1)
                }
              }
              quantizeRow(
                values, draws.map { $0 + row * columns }, scheme, layout, scales + first,
                scheme.symmetry == .symmetric ? nil : zeros + first,
                codes + target * layout.rowBytes)
            }
          }
        }
      }
      self.random = random
      quantizedRows += rows
    }
  }

  fileprivate mutating func withMutablePointers(
    _ body: (
      _ codes: UnsafeMutablePointer<UInt8>, _ scales: UnsafeMutablePointer<Float>,
      _ zeros: UnsafeMutablePointer<Float>
    ) -> Void
  ) {
    codes.withMutablePointer { codes in
      scales.withMutablePointer { scales in
        zeros.withMutablePointer { body(codes, scales, $0) }
      }
    }
  }
}

/// Writes the codes of a row whose levels are known, into bytes of 0.
private func quantizeRow(
  _ x: UnsafePointer<Float>, _ draws: UnsafePointer<Float>?, _ scheme: AffineScheme,
  _ layout: AffineLayout, _ scales: UnsafePointer<Float>, _ zeros: UnsafePointer<Float>?,
  _ target: UnsafeMutablePointer<UInt8>
) {
  let (least, largest) = (scheme.least, scheme.largest)
  func write(_ codes: UnsafeMutablePointer<UInt8>) {
    loqt_affine_codes(x, layout.columns, layout.groupSize, scales, zeros, least, largest, codes)
    guard let draws else { return }
    var column = 0
    while column < layout.columns {
      let group = column / layout.groupSize
      let size = min(layout.groupSize, layout.columns - column)
      let (scale, zero) = (scales[group], zeros.map { $0[group] } ?? 0)
      // The codes of a broken group stay.
      if scale.isFinite {
        for i in column..<column + size {
          let value = min(max(x[i] / scale - zero, least), largest)
          let below = value.rounded(.down)
          codes[i] = UInt8(below - least) + (draws[i] < value - below ? 1 : 0)
        }
      }
      column += size
    }
  }
  if scheme.bits == .eight { return write(target) }
  withUnsafeTemporaryAllocation(of: UInt8.self, capacity: layout.columns) { codes in
    write(codes.baseAddress!)
    loqt_pack_nibbles(codes.baseAddress!, layout.columns, target)
  }
}

/// What the levels of a group depend on.
private struct Extent {
  var least = Float.infinity
  var largest = -Float.infinity
  /// 0 as long as every number is finite, else NaN.
  var check: Float = 0

  mutating func add(_ value: Float) {
    least = min(least, value)
    largest = max(largest, value)
    check += value - value
  }
}

/// Calls `body` with the number and the extent of each group of `groupSize` elements.
private func withExtents(
  of x: UnsafePointer<Float>, count: Int, groupSize: Int, _ body: (Int, Extent) -> Void
) {
  let groups = dividedUp(count, by: groupSize)
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * groups) { buffer in
    guard let least = buffer.baseAddress else { return }
    let (largest, check) = (least + groups, least + 2 * groups)
    loqt_affine_extents(x, count, groupSize, least, largest, check)
    for group in 0..<groups {
      body(group, Extent(least: least[group], largest: largest[group], check: check[group]))
    }
  }
}

extension AffineScheme {
  /// The extents of groups that all rows share: of the tensor, or of each column.
  fileprivate func sharedExtents(_ x: UnsafePointer<Float>, rows: Int, columns: Int) -> [Extent] {
    guard grouping == .column else {
      var whole = Extent()
      withExtents(of: x, count: rows * columns, groupSize: rows * columns) { whole = $1 }
      return [whole]
    }
    var extents = [Extent](repeating: Extent(), count: columns)
    for row in 0..<rows {
      for column in 0..<columns { extents[column].add(x[row * columns + column]) }
    }
    return extents
  }

  /// Scale and zero of a group; NaN where a number is not finite.
  fileprivate func levels(of extent: Extent) -> (scale: Float, zero: Float) {
    guard extent.check == 0 else { return (.nan, 0) }
    let magnitude = max(-extent.least, extent.largest)
    // So large that a level is a normal number.
    let tiny: Float = 0x1p-118
    switch symmetry {
    case .symmetric: return (max(magnitude, tiny) / largest, 0)
    case .asymmetric:
      // A range far below the numbers in it would make a zero that a float cannot hold. Halves,
      // as the range of finite numbers may be infinite.
      let range = max(extent.largest / 2 - extent.least / 2, magnitude * 0x1p-17, tiny)
      let scale = range / ((largest - least) / 2)
      return (scale, (extent.least / scale).rounded(.toNearestOrEven) - least)
    }
  }
}
