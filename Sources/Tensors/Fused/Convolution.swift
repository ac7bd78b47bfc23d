/// The cross-correlation of images with filters, which deep learning calls convolution.
///
/// `x` is `[batch, in, height, width]`, `weight` `[out, in / groups, windowHeight, windowWidth]`,
/// `bias` `[out]`; the result is `[batch, out, grid.output.height, grid.output.width]`. Each image
/// is unrolled into columns, one for each window, and multiplied with the filters; columns exist
/// for one image per thread. Traps when the shapes do not fit.
package func convolution<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, weight: Tensor<Scalar>, bias: Tensor<Scalar>?, grid: WindowGrid, groups: Int
) -> Tensor<Scalar> {
  let sizes = ConvolutionSizes("convolution", x.shape, weight.shape, bias?.shape, grid, groups)
  let positions = grid.outputCount
  let bias = bias?.contiguous()
  let output = Tensor<Scalar>(
    storage: TensorStorage(count: sizes.output.elementCount), shape: sizes.output)
  x.withPointer { x in
    weight.withPointer { w in
      parallelFor(sizes.batch * groups, grain: sizes.grain) { range in
        let columns = Columns<Scalar>(grid, channels: sizes.groupInputs)
        for index in range {
          let group = index % groups
          let y = output.base + index * sizes.groupOutputs * positions
          if let bias {
            for i in 0..<sizes.groupOutputs {
              Scalar._fill(
                bias.base[group * sizes.groupOutputs + i], y + i * positions, positions)
            }
          }
          gemm(
            false, false, sizes.groupOutputs, positions, sizes.rowLength, 1,
            w + group * sizes.groupWeights, sizes.rowLength,
            columns.gather(x + index * sizes.groupInputs * grid.inputCount), positions,
            bias == nil ? 0 : 1, y, positions)
        }
      }
    }
  }
  withExtendedLifetime(bias) {}
  return output
}

/// The gradient of `convolution` for `x`, of shape `input`, from that of its output.
package func convolutionInputGradient<Scalar: RealScalar>(
  input: Shape, weight: Tensor<Scalar>, grid: WindowGrid, groups: Int, _ gradient: Tensor<Scalar>
) -> Tensor<Scalar> {
  let sizes = ConvolutionSizes("convolution", input, weight.shape, nil, grid, groups)
  let positions = grid.outputCount
  let result = Tensor<Scalar>.zeros(input)
  gradient.withPointer { g in
    weight.withPointer { w in
      parallelFor(sizes.batch * groups, grain: sizes.grain) { range in
        let columns = Columns<Scalar>(grid, channels: sizes.groupInputs)
        for index in range {
          let dx = result.base + index * sizes.groupInputs * grid.inputCount
          let target = grid.isIdentity ? dx : columns.base
          gemm(
            true, false, sizes.rowLength, positions, sizes.groupOutputs, 1,
            w + index % groups * sizes.groupWeights, sizes.rowLength,
            g + index * sizes.groupOutputs * positions, positions, 0, target, positions)
          if !grid.isIdentity { columns.scatter(into: dx) }
        }
      }
    }
  }
  return result
}

/// The gradient of `convolution` for its weight, of shape `weight`, from that of its output.
package func convolutionWeightGradient<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, weight: Shape, grid: WindowGrid, groups: Int, _ gradient: Tensor<Scalar>
) -> Tensor<Scalar> {
  let sizes = ConvolutionSizes("convolution", x.shape, weight, nil, grid, groups)
  let positions = grid.outputCount
  let result = Tensor<Scalar>.zeros(weight)
  let columns = Columns<Scalar>(grid, channels: sizes.groupInputs)
  // One image after another, so that the order of the sum is fixed; the product itself is parallel.
  gradient.withPointer { g in
    x.withPointer { x in
      for index in 0..<sizes.batch * groups {
        gemm(
          false, true, sizes.groupOutputs, sizes.rowLength, positions, 1,
          g + index * sizes.groupOutputs * positions, positions,
          columns.gather(x + index * sizes.groupInputs * grid.inputCount), positions, 1,
          result.base + index % groups * sizes.groupWeights, sizes.rowLength)
      }
    }
  }
  return result
}

/// The sizes of a convolution.
private struct ConvolutionSizes {
  let batch, groupInputs, groupOutputs: Int
  /// The number of elements of a filter.
  let rowLength: Int
  let output: Shape

  init(
    _ name: StaticString, _ x: Shape, _ weight: Shape, _ bias: Shape?, _ grid: WindowGrid,
    _ groups: Int
  ) {
    precondition(
      x.rank == 4 && weight.rank == 4 && groups > 0 && x[1] == weight[1] * groups
        && weight[0] % groups == 0 && Size2D(x[2], x[3]) == grid.input
        && Size2D(weight[2], weight[3]) == grid.window && (bias == nil || bias == [weight[0]]),
      """
      \(name): x \(x), weight \(weight)\(bias.map { ", bias \($0)" } ?? ""), \(groups) groups
      """)
    batch = x[0]
    groupInputs = weight[1]
    groupOutputs = weight[0] / groups
    rowLength = weight[1] * grid.windowCount
    output = [x[0], weight[0], grid.output.height, grid.output.width]
  }

  /// The number of elements of one group's filters.
  var groupWeights: Int { groupOutputs * rowLength }

  /// The fewest images worth a thread.
  var grain: Int {
    max(1, (1 << 18) / max(1, groupWeights * output[2] * output[3]))
  }
}

/// Room for the windows of one image as columns, `[channels * windowCount, outputCount]`.
private struct Columns<Scalar: RealScalar> {
  private let grid: WindowGrid
  private let channels: Int
  private let storage: TensorStorage<Scalar>

  init(_ grid: WindowGrid, channels: Int) {
    self.grid = grid
    self.channels = channels
    storage = TensorStorage(
      count: grid.isIdentity ? 0 : channels * grid.windowCount * grid.outputCount)
  }

  var base: UnsafeMutablePointer<Scalar> { storage.base }

  /// Lays out the windows of an image `[channels, height, width]` as columns.
  func gather(_ x: UnsafePointer<Scalar>) -> UnsafePointer<Scalar> {
    if grid.isIdentity { return x }
    gatherColumns(x, base, channels, grid)
    return UnsafePointer(base)
  }

  /// Adds each element of the windows to the pixel it came from.
  func scatter(into x: UnsafeMutablePointer<Scalar>) { scatterColumns(base, x, channels, grid) }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func gatherColumns<Scalar: RealScalar>(
  _ x: UnsafePointer<Scalar>, _ columns: UnsafeMutablePointer<Scalar>, _ channels: Int,
  _ grid: WindowGrid
) {
  let (width, step) = (grid.output.width, grid.stride.width)
  var target = columns
  for channel in 0..<channels {
    let image = x + channel * grid.inputCount
    for row in 0..<grid.window.height {
      for column in 0..<grid.window.width {
        let inside = grid.columns(of: column)
        let shift = column * grid.dilation.width - grid.padding.width
        for y in 0..<grid.output.height {
          let line = grid.inputRow(y, row)
          if line < 0 || line >= grid.input.height {
            target.update(repeating: 0, count: width)
          } else {
            let source = image + line * grid.input.width
            target.update(repeating: 0, count: inside.lowerBound)
            if step == 1 {
              (target + inside.lowerBound).update(
                from: source + (inside.lowerBound + shift), count: inside.count)
            } else {
              for i in inside { target[i] = source[i * step + shift] }
            }
            (target + inside.upperBound).update(repeating: 0, count: width - inside.upperBound)
          }
          target += width
        }
      }
    }
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func scatterColumns<Scalar: RealScalar>(
  _ columns: UnsafePointer<Scalar>, _ x: UnsafeMutablePointer<Scalar>, _ channels: Int,
  _ grid: WindowGrid
) {
  let (width, step) = (grid.output.width, grid.stride.width)
  var source = columns
  for channel in 0..<channels {
    let image = x + channel * grid.inputCount
    for row in 0..<grid.window.height {
      for column in 0..<grid.window.width {
        let inside = grid.columns(of: column)
        let shift = column * grid.dilation.width - grid.padding.width
        for y in 0..<grid.output.height {
          let line = grid.inputRow(y, row)
          if line >= 0 && line < grid.input.height {
            let target = image + line * grid.input.width
            for i in inside { target[i * step + shift] += source[i] }
          }
          source += width
        }
      }
    }
  }
}
