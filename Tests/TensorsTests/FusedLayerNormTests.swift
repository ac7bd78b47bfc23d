import TestSupport
import Tensors
import Testing

/// Serialized: changes the number of threads.
@Suite(.serialized) struct FusedLayerNormTests {
  static let shapes: [Shape] = [[1], [1, 1], [3, 7], [2, 5, 33], [40, 12]]
  let epsilon = 1e-5

  func naive(_ x: Tensor<Double>, _ weight: Tensor<Double>, _ bias: Tensor<Double>)
    -> Tensor<Double>
  {
    let mean = x.mean(alongAxes: [-1])
    return (x - mean) / sqrt(x.variance(alongAxes: [-1]) + epsilon) * weight + bias
  }

  @Test("layerNorm subtracts the mean and divides by the deviation", arguments: shapes)
  func forward(_ shape: Shape) {
    let row: Shape = [shape.lastDimension]
    let (x, w, b) = (normal(shape, seed: 1), normal(row, seed: 2), normal(row, seed: 3))
    let expected = naive(x, w, b)
    let (output, mean, inverse) = layerNorm(x, weight: w, bias: b, epsilon: epsilon)
    #expect(inverse.shape == [shape.rowCount] && mean.shape == inverse.shape)
    expectClose(output, expected, absolute: 1e-13, relative: 1e-13)
    let single = layerNorm(
      x.converted(to: Float.self), weight: w.converted(to: Float.self),
      bias: b.converted(to: Float.self), epsilon: Float(epsilon))
    // A few roundings of numbers of size 1, 6e-8 each.
    expectClose(
      single.output.converted(to: Double.self), expected, absolute: 1e-6, relative: 1e-6)
  }

  @Test("Values and gradients do not depend on the number of threads")
  func threads() {
    let x = normal([2049, 96], seed: 6).converted(to: Float.self)
    let w = normal([96], seed: 7).converted(to: Float.self)
    let g = normal([2049, 96], seed: 8).converted(to: Float.self)
    let before = Threads.count
    defer { Threads.count = before }
    let results = [1, 2, 3].map { count in
      Threads.count = count
      let (y, mean, inverse) = layerNorm(x, weight: w, bias: w, epsilon: 1e-6)
      let shares = layerNormGradient(x, weight: w, mean: mean, inverse: inverse, g)
      return [y, shares.x, shares.weight, shares.bias]
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }
}
