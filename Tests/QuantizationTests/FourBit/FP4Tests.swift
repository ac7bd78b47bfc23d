import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import Quantization

@Suite(.serialized) struct FP4Tests {
  let fixture: Fixture

  init() throws { fixture = try Fixture("quantization") }

  @Test func codesScalesAndValuesEqualBitsandbytesByteForByte() throws {
    let cases = fixture.cases.filter { $0.hasPrefix("fp4_") }
    #expect(cases.count >= 19)
    #expect(try Float4.levels == fixture.tensor("levels", of: "fp4").scalars)
    #expect(try NormalFloat4.levels == fixture.tensor("levels", of: "nf4").scalars)
    for name in cases {
      let x = try fixture.tensor("x", of: name)
      let packed = try fixture.tensor("packed", of: name, as: UInt8.self)
      let absmax = try fixture.tensor("absmax", of: name)
      let values = try fixture.tensor("dequantized", of: name)
      let blockSize = try #require(fixture.parameter("block", of: name)?.integerValue)
      withEveryInstructionSet { level in
        let quantized = FP4Tensor(quantizing: x, blockSize: blockSize, doubleQuantized: false)
        let at: Comment = "\(name), level \(level)"
        #expect(quantized.codes == packed, at)
        #expect(bits(quantized.scaleValues) == bits(absmax), at)
        // bitsandbytes' table may hold a negative 0.
        #expect(quantized.dequantized() == values, at)
      }
    }
  }

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
