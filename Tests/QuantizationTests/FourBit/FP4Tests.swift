import Tensors
import Testing

@testable import Quantization

@Suite struct FP4Tests {
  @Test(arguments: [[0], [65], [33, 77]] as [Shape])
  func quantizingAgainChangesNoValueWithFloatScales(shape: Shape) {
    let once = FP4Tensor(quantizing: normal(shape), doubleQuantized: false)
    let twice = FP4Tensor(quantizing: once.dequantized(), doubleQuantized: false)
    #expect(bits(twice.dequantized()) == bits(once.dequantized()))
    #expect(bits(twice.scaleValues) == bits(once.scaleValues))
  }

  @Test func errorStaysInItsBound() {
    let x = normal([33, 77])
    let tensor = FP4Tensor(quantizing: x, doubleQuantized: false)
    let scales = tensor.scaleValues.scalars
    for (i, (a, b)) in zip(x.scalars, tensor.dequantized().scalars).enumerated() {
      // Half the largest gap, 1/3.
      #expect(abs(a - b) <= scales[i / 64] / 6 + a.ulp)
    }
  }

  @Test func aBrokenBlockIsNaN() {
    var x = normal([130])
    x[70] = .infinity
    let values = FP4Tensor(quantizing: x, doubleQuantized: false).dequantized().scalars
    for (i, value) in values.enumerated() { #expect(value.isNaN == (64..<128).contains(i)) }
  }
}
