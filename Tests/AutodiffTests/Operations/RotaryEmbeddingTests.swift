import Autodiff
import Tensors
import Testing

@Suite struct RotaryEmbeddingTests {
  static let shapes: [Shape] = [[1, 1, 1, 2], [2, 5, 3, 4], [1, 9, 2, 6]]

  @Test("rotaryEmbedding has the gradient of central differences", arguments: shapes)
  func gradients(_ shape: Shape) {
    let angles = RotaryAngles(positions: 20, headSize: shape[3], base: 100)
    expectGradients([shape]) { rotaryEmbedding($0[0], angles) }
    let positions = Tensor((0..<Int32(shape[1])).map { ($0 * 7) % 20 })
    expectGradients([shape]) { rotaryEmbedding($0[0], angles, positions: positions) }
  }

  @Test("Each sequence may have its own positions")
  func positionsBySequence() {
    let angles = RotaryAngles(positions: 8, headSize: 4)
    let x = Variable(normal([2, 3, 2, 4], seed: 1))
    let positions = Tensor<Int32>([0, 1, 2, 5, 6, 7], shape: [2, 3])
    let both = rotaryEmbedding(x, angles, positions: positions).tensor
    for (sequence, start) in [(0, Int32(0)), (1, 5)] {
      let one = rotaryEmbedding(
        x.sliced(sequence..<sequence + 1), angles, positions: Tensor([start, start + 1, start + 2]))
      #expect(one.tensor == both.sliced(sequence..<sequence + 1))
    }
  }

  @Test("The table is as long as requested, not as all positions")
  func growth() {
    let angles = RotaryAngles(positions: 1 << 30, headSize: 4)
    #expect(angles.byteCount == 0)
    let x = Variable(normal([1, 10, 1, 4], seed: 1))
    _ = rotaryEmbedding(x, angles)
    #expect(angles.byteCount == 10 * 4 * 4)
    // A text that grows token by token does not need a new table each time.
    let next = Variable(normal([1, 1, 1, 4], seed: 2))
    let turned = rotaryEmbedding(next, angles, positions: Tensor([10])).tensor
    #expect(angles.byteCount == 20 * 4 * 4)
    #expect(
      turned
        == rotaryEmbedding(
          next, RotaryAngles(positions: 11, headSize: 4), positions: Tensor([10])
        ).tensor)
  }

  @Test("rotaryEmbedding equals the published form")
  func golden() throws {
    for test in try goldenCases("rotary_") {
      let base = try #require(test.parameter("base"))
      let offset = Int32(try #require(test.parameter("offset")))
      try test.expect("x") {
        let x = $0[0].transposed([0, 2, 1, 3])
        let angles = RotaryAngles(positions: 200, headSize: x.shape[3], base: base)
        let positions = Tensor((0..<Int32(x.shape[1])).map { $0 + offset })
        return rotaryEmbedding(x, angles, positions: positions).transposed([0, 2, 1, 3])
      }
    }
  }
}
