/// The largest element of each window.
///
/// `x` is `[batch, channels, height, width]`; the result is `[batch, channels, grid.output...]`,
/// together with the pixel that each element came from, counted from the first of its image: all
/// that the gradient needs. Of equal elements the first counts, and NaN counts as larger than any
/// number. Padding never counts, so no window may lie in it alone. Traps when the shapes do not
/// fit.
package func maxPooling<Scalar: RealScalar>(_ x: Tensor<Scalar>, grid: WindowGrid)
  -> (output: Tensor<Scalar>, places: Tensor<Int32>)
{
  let shape = poolingShape(x.shape, grid, "maxPooling")
  let output = Tensor<Scalar>(storage: TensorStorage(count: shape.elementCount), shape: shape)
  let places = Tensor<Int32>(storage: TensorStorage(count: shape.elementCount), shape: shape)
  x.withPointer { x in
    forEachImage(shape[0] * shape[1], grid) { i in
      let start = i * grid.outputCount
      maxPool(x + i * grid.inputCount, output.base + start, places.base + start, grid)
    }
  }
  return (output, places)
}

/// The gradient of `maxPooling` for its argument, of shape `input`.
package func maxPoolingGradient<Scalar: RealScalar>(
  input: Shape, places: Tensor<Int32>, grid: WindowGrid, _ gradient: Tensor<Scalar>
) -> Tensor<Scalar> {
  let result = Tensor<Scalar>.zeros(input)
  gradient.withPointer { g in
    places.withPointer { places in
      forEachImage(input[0] * input[1], grid) { i in
        let start = i * grid.outputCount
        scatterAdd(
          g + start, places + start, result.base + i * grid.inputCount, grid.outputCount)
      }
    }
  }
  return result
}

/// The mean of each window, with padding counted as zeros.
///
/// `x` is `[batch, channels, height, width]`; the result is `[batch, channels, grid.output...]`.
/// Traps when the shapes do not fit.
package func averagePooling<Scalar: RealScalar>(_ x: Tensor<Scalar>, grid: WindowGrid)
  -> Tensor<Scalar>
{
  let shape = poolingShape(x.shape, grid, "averagePooling")
  let output = Tensor<Scalar>(storage: TensorStorage(count: shape.elementCount), shape: shape)
  x.withPointer { x in
    forEachImage(shape[0] * shape[1], grid) { i in
      averagePool(x + i * grid.inputCount, output.base + i * grid.outputCount, grid)
    }
  }
  return output
}

/// The gradient of `averagePooling` for its argument, of shape `input`.
package func averagePoolingGradient<Scalar: RealScalar>(
  input: Shape, grid: WindowGrid, _ gradient: Tensor<Scalar>
) -> Tensor<Scalar> {
  let result = Tensor<Scalar>.zeros(input)
  gradient.withPointer { g in
    forEachImage(input[0] * input[1], grid) { i in
      averagePoolGradient(
        g + i * grid.outputCount, result.base + i * grid.inputCount, grid)
    }
  }
  return result
}

private func poolingShape(_ x: Shape, _ grid: WindowGrid, _ name: StaticString) -> Shape {
  precondition(
    x.rank == 4 && Size2D(x[2], x[3]) == grid.input,
    "\(name): x \(x) does not hold images \(grid.input)")
  precondition(
    2 * grid.padding.height <= grid.window.height && 2 * grid.padding.width <= grid.window.width,
    "\(name): padding \(grid.padding) is more than half of windows \(grid.window)")
  return [x[0], x[1], grid.output.height, grid.output.width]
}

private func forEachImage(_ count: Int, _ grid: WindowGrid, _ body: (Int) -> Void) {
  parallelFor(count, grain: rowGrain(grid.outputCount * grid.windowCount)) { range in
    for i in range { body(i) }
  }
}

extension WindowGrid {
  /// The rows and columns of the image that window `(y, x)` covers.
  fileprivate func covered(_ y: Int, _ x: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    let (top, left) = (y * stride.height - padding.height, x * stride.width - padding.width)
    return (
      max(0, top)..<min(input.height, top + window.height),
      max(0, left)..<min(input.width, left + window.width)
    )
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func maxPool<Scalar: RealScalar>(
  _ image: UnsafePointer<Scalar>, _ out: UnsafeMutablePointer<Scalar>,
  _ places: UnsafeMutablePointer<Int32>, _ grid: WindowGrid
) {
  for y in 0..<grid.output.height {
    for x in 0..<grid.output.width {
      let (rows, columns) = grid.covered(y, x)
      var place = rows.lowerBound * grid.input.width + columns.lowerBound
      for row in rows {
        for column in columns {
          let i = row * grid.input.width + column
          let isLarger = image[i] > image[place]
          if isLarger || (image[i].isNaN && !image[place].isNaN) { place = i }
        }
      }
      let target = y * grid.output.width + x
      out[target] = image[place]
      places[target] = Int32(place)
    }
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func scatterAdd<Scalar: RealScalar>(
  _ g: UnsafePointer<Scalar>, _ places: UnsafePointer<Int32>,
  _ image: UnsafeMutablePointer<Scalar>, _ count: Int
) {
  for i in 0..<count { image[Int(places[i])] += g[i] }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func averagePool<Scalar: RealScalar>(
  _ image: UnsafePointer<Scalar>, _ out: UnsafeMutablePointer<Scalar>, _ grid: WindowGrid
) {
  let scale = 1 / Scalar(grid.windowCount)
  for y in 0..<grid.output.height {
    for x in 0..<grid.output.width {
      let (rows, columns) = grid.covered(y, x)
      var sum: Scalar = 0
      for row in rows {
        for column in columns { sum += image[row * grid.input.width + column] }
      }
      out[y * grid.output.width + x] = sum * scale
    }
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func averagePoolGradient<Scalar: RealScalar>(
  _ g: UnsafePointer<Scalar>, _ image: UnsafeMutablePointer<Scalar>, _ grid: WindowGrid
) {
  let scale = 1 / Scalar(grid.windowCount)
  for y in 0..<grid.output.height {
    for x in 0..<grid.output.width {
      let (rows, columns) = grid.covered(y, x)
      let share = g[y * grid.output.width + x] * scale
      for row in rows {
        for column in columns { image[row * grid.input.width + column] += share }
      }
    }
  }
}
