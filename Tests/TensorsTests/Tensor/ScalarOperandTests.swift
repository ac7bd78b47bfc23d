import Tensors
import Testing

@Suite struct ScalarOperandTests {
  @Test("A scalar may stand on either side of an operator")
  func eitherSide() {
    let x = Tensor<Float>([1, 2, 4])
    #expect(1 - x == [0, -1, -3])
    #expect(1 + x == [2, 3, 5])
    #expect(2 / x == [2, 1, 0.5])
    #expect(x - 1 == [0, 1, 3])
    #expect(x / 2 == [0.5, 1, 2])
    #expect(maximum(x, 2) == [2, 2, 4])
    #expect(minimum(x, 2) == [1, 2, 2])
    #expect(pow(x, 2) == [1, 4, 16])
    var y = x
    y += 1
    #expect(y == [2, 3, 5])
    y -= 2
    #expect(y == [0, 1, 3])
    y /= 2
    #expect(y == [0, 0.5, 1.5])
    #expect(x == [1, 2, 4])
  }
}
