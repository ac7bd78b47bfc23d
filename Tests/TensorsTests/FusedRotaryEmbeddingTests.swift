import Glibc
import Tensors
import Testing

@Suite struct FusedRotaryEmbeddingTests {
  func positions(_ range: Range<Int>) -> Tensor<Int32> { Tensor(range.map(Int32.init)) }

  /// Elements i and i + size / 2 of a head rotate by position * base^(-2i / size).
  func naive(_ x: Tensor<Double>, _ positions: [Int], base: Double) -> Tensor<Double> {
    let (tokens, heads, size) = (x.shape[1], x.shape[2], x.shape[3])
    var values = x.scalars
    for row in 0..<x.shape[0] * tokens {
      for head in 0..<heads {
        for i in 0..<size / 2 {
          let angle =
            Double(positions[row % positions.count])
            * Glibc.pow(base, -2 * Double(i) / Double(size))
          let low = (row * heads + head) * size + i
          let high = low + size / 2
          let (a, b) = (values[low], values[high])
          values[low] = a * Glibc.cos(angle) - b * Glibc.sin(angle)
          values[high] = b * Glibc.cos(angle) + a * Glibc.sin(angle)
        }
      }
    }
    return Tensor(values, shape: x.shape)
  }

  @Test(
    "The halves of a head rotate by their token's angle",
    arguments: [
      ([1, 1, 1, 2], 0, 10_000.0), ([2, 9, 3, 16], 3, 10_000), ([3, 50, 2, 32], 900, 5e5),
    ])
  func forward(_ sizes: [Int], _ offset: Int, _ base: Double) {
    let x = normal(Shape(sizes), seed: 1)
    let span = offset..<offset + sizes[1]
    let expected = naive(x, Array(span), base: base)
    let table = RotaryTable<Double>(positions: span.upperBound, headSize: sizes[3], base: base)
    expectClose(table.rotated(x, positions: positions(span)), expected, absolute: 1e-11)
    let single = RotaryTable<Float>(positions: span.upperBound, headSize: sizes[3], base: base)
      .rotated(x.converted(to: Float.self), positions: positions(span))
    // The table is computed in double, so the error does not grow with the position.
    expectClose(single.converted(to: Double.self), expected, absolute: 1e-6)
  }

  @Test("Rotating back gives the argument again, in place if nothing else holds it")
  func inverse() {
    let x = normal([2, 9, 3, 16], seed: 2)
    let table = RotaryTable<Double>(positions: 9, headSize: 16)
    let turned = table.rotated(x, positions: positions(0..<9))
    let start = address(of: turned)
    let back = table.rotated(consume turned, positions: positions(0..<9), .backward)
    #expect(address(of: back) == start)
    expectClose(back, x, absolute: 1e-14)
    #expect(x == normal([2, 9, 3, 16], seed: 2))
  }

  @Test("Every sequence may have positions of its own")
  func ownPositions() {
    let x = normal([2, 4, 1, 8], seed: 3)
    let table = RotaryTable<Double>(positions: 20, headSize: 8)
    let own: [Int32] = [0, 1, 2, 3, 9, 3, 19, 0]
    let expected = naive(x, own.map(Int.init), base: 10_000)
    expectClose(table.rotated(x, positions: Tensor(own, shape: [2, 4])), expected, absolute: 1e-12)
  }

  @Test("Inner products depend only on the distance between two positions")
  func relative() {
    let table = RotaryTable<Double>(positions: 100, headSize: 8)
    let (q, k) = (normal([1, 1, 1, 8], seed: 4), normal([1, 1, 1, 8], seed: 5))
    func product(_ i: Int, _ j: Int) -> Double {
      table.rotated(q, positions: positions(i..<i + 1))
        .dot(table.rotated(k, positions: positions(j..<j + 1)))
    }
    #expect(Swift.abs(product(7, 2) - product(95, 90)) < 1e-12)
    #expect(Swift.abs(product(7, 2) - product(7, 3)) > 1e-6)
  }

  @Test(
    "Rotary embeddings and their gradients equal PyTorch's",
    arguments: [
      ("rotary_1x1x1x2_base10000_offset0", 10_000.0, 0),
      ("rotary_2x3x5x8_base10000_offset0", 10_000, 0),
      ("rotary_1x2x9x16_base10000_offset3", 10_000, 3),
      ("rotary_1x1x6x32_base500000_offset100", 500_000, 100),
    ])
  func golden(_ name: String, _ base: Double, _ offset: Int) throws {
    let known = try operationCases(name)[0]
    // The fixture has heads before tokens.
    let x = try known["x"].transposed([0, 2, 1, 3])
    let g = try known["output_gradient"].transposed([0, 2, 1, 3])
    let span = offset..<offset + x.shape[1]
    let table = RotaryTable<Float>(
      positions: span.upperBound, headSize: x.shape[3], base: base)
    let y = table.rotated(x, positions: positions(span))
    let dx = table.rotated(g, positions: positions(span), .backward)
    try known.expect(y.transposed([0, 2, 1, 3]), is: "output")
    try known.expect(dx.transposed([0, 2, 1, 3]), is: "x_gradient")
  }
}
