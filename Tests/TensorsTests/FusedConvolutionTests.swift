import TestSupport
import Tensors
import Testing

/// Serialized: changes the number of threads.
@Suite(.serialized) struct FusedConvolutionTests {
  @Test("A convolution is the sum over each window, element by element")
  func naive() {
    for (stride, padding, dilation, groups) in [(1, 0, 1, 1), (2, 1, 1, 2), (1, 2, 2, 1)] {
      let x = normal([2, 4, 6, 7], seed: 1)
      let weight = normal([2, 4 / groups, 3, 2], seed: 2)
      let grid = WindowGrid(
        "test", over: Size2D(6, 7), window: Size2D(3, 2), stride: Size2D(stride, stride),
        padding: Size2D(padding, padding), dilation: Size2D(dilation, dilation))
      var expected = Tensor<Double>.zeros([2, 2, grid.output.height, grid.output.width])
      for image in 0..<2 {
        for out in 0..<2 {
          for y in 0..<grid.output.height {
            for column in 0..<grid.output.width {
              var sum = 0.0
              for channel in 0..<4 / groups {
                let input = out / (2 / groups) * (4 / groups) + channel
                for i in 0..<3 {
                  for j in 0..<2 {
                    let row = y * stride - padding + i * dilation
                    let place = column * stride - padding + j * dilation
                    guard (0..<6).contains(row), (0..<7).contains(place) else { continue }
                    sum += x[image, input, row, place] * weight[out, channel, i, j]
                  }
                }
              }
              expected[image, out, y, column] = sum
            }
          }
        }
      }
      let output = convolution(x, weight: weight, bias: nil, grid: grid, groups: groups)
      expectClose(output, expected, absolute: 1e-12)
    }
  }

  @Test("Gradients for the weight do not depend on the number of threads")
  func threads() {
    let x = normal([5, 8, 20, 20], seed: 1).converted(to: Float.self)
    let weight = normal([16, 8, 3, 3], seed: 2).converted(to: Float.self)
    let grid = WindowGrid("test", over: 20, window: 3, stride: 1, padding: 1)
    let before = Threads.count
    defer { Threads.count = before }
    let results = [1, 2, 3].map { count in
      Threads.count = count
      let y = convolution(x, weight: weight, bias: nil, grid: grid, groups: 1)
      return [
        y, convolutionInputGradient(input: x.shape, weight: weight, grid: grid, groups: 1, y),
        convolutionWeightGradient(x, weight: weight.shape, grid: grid, groups: 1, y),
      ]
    }
    for result in results {
      for (a, b) in zip(result, results[0]) {
        // A product that is split along other rows may sum in another order.
        #expect(relativeError(a, b) <= 1e-6)
      }
    }
  }
}
