import Tensors
import Testing

/// Serialized: changes the number of threads.
@Suite(.serialized) struct FusedRMSNormTests {
  static let shapes: [Shape] = [[1], [1, 1], [3, 7], [2, 5, 33], [40, 12]]
  let epsilon = 1e-5

  func naive(_ x: Tensor<Double>, _ weight: Tensor<Double>) -> Tensor<Double> {
    let mean = square(x).sum(alongAxes: [-1]) / Double(x.shape.lastDimension)
    return x / sqrt(mean + epsilon) * weight
  }

  @Test("rmsNorm divides by the root of the mean square and scales", arguments: shapes)
  func forward(_ shape: Shape) {
    let (x, w) = (normal(shape, seed: 1), normal([shape.lastDimension], seed: 2))
    let expected = naive(x, w)
    let (output, inverse) = rmsNorm(x, weight: w, epsilon: epsilon)
    #expect(inverse.shape == [shape.rowCount])
    expectClose(output, expected, absolute: 1e-13, relative: 1e-13)
    let single = rmsNorm(
      x.converted(to: Float.self), weight: w.converted(to: Float.self), epsilon: Float(epsilon))
    // A few roundings in a row, 6e-8 each.
    expectClose(
      single.output.converted(to: Double.self), expected, absolute: 1e-7, relative: 5e-7)
  }

  @Test("The rmsNorm gradients equal central differences", arguments: shapes)
  func gradient(_ shape: Shape) {
    let (x, w) = (normal(shape, seed: 3), normal([shape.lastDimension], seed: 4))
    let g = normal(shape, seed: 5)
    let inverse = rmsNorm(x, weight: w, epsilon: epsilon).inverse
    let (dx, dw) = rmsNormGradient(x, weight: w, inverse: inverse, g)
    let forX = numericalGradient(at: x) {
      rmsNorm($0, weight: w, epsilon: epsilon).output.dot(g)
    }
    let forW = numericalGradient(at: w) {
      rmsNorm(x, weight: $0, epsilon: epsilon).output.dot(g)
    }
    expectClose(dx, forX, absolute: 1e-7, relative: 1e-6)
    expectClose(dw, forW, absolute: 1e-7, relative: 1e-6)
  }

  @Test("The gradients do not depend on the number of threads")
  func threads() {
    let x = normal([2049, 96], seed: 6).converted(to: Float.self)
    let w = normal([96], seed: 7).converted(to: Float.self)
    let g = normal([2049, 96], seed: 8).converted(to: Float.self)
    let before = Threads.count
    defer { Threads.count = before }
    let results = [1, 2, 3].map { count in
      Threads.count = count
      let inverse = rmsNorm(x, weight: w, epsilon: 1e-6).inverse
      return rmsNormGradient(x, weight: w, inverse: inverse, g)
    }
    #expect(results.allSatisfy { $0.x == results[0].x && $0.weight == results[0].weight })
  }

  @Test("rmsNorm and its gradients equal PyTorch's")
  func golden() throws {
    for known in try operationCases("rms_norm_") {
      let (x, w) = try (known["x"], known["weight"])
      let (y, inverse) = rmsNorm(x, weight: w, epsilon: 1e-6)
      let (dx, dw) = rmsNormGradient(x, weight: w, inverse: inverse, try known["output_gradient"])
      try known.expect(y, is: "output")
      try known.expect(dx, is: "x_gradient")
      try known.expect(dw, is: "weight_gradient")
    }
  }
}
