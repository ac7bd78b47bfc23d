import Tensors
import Testing

@testable import Quantization

@Suite struct FP4Tests {
  @Test(
    "Quantising again with float scales changes no value",
    arguments: [[0], [65], [33, 77]] as [Shape])
  func drift(shape: Shape) {
    let once = FP4Tensor(quantizing: normal(shape), doubleQuantized: false)
    let twice = FP4Tensor(quantizing: once.dequantized(), doubleQuantized: false)
    #expect(bits(twice.dequantized()) == bits(once.dequantized()))
    #expect(bits(twice.scaleValues) == bits(once.scaleValues))
  }

  @Test("The error stays within its bound")
  func errorBound() {
    let x = normal([33, 77])
    let tensor = FP4Tensor(quantizing: x, doubleQuantized: false)
    let scales = tensor.scaleValues.scalars
    for (i, (a, b)) in zip(x.scalars, tensor.dequantized().scalars).enumerated() {
      // Half the largest gap, 1/3.
      #expect(abs(a - b) <= scales[i / 64] / 6 + a.ulp)
    }
  }

  @Test("A broken block is NaN")
  func brokenBlocks() {
    var x = normal([130])
    x[70] = .infinity
    let values = FP4Tensor(quantizing: x, doubleQuantized: false).dequantized().scalars
    for (i, value) in values.enumerated() { #expect(value.isNaN == (64..<128).contains(i)) }
  }

  /// Rows are blocks whose scales lie apart by a factor of four.
  @Test("Stochastic rounding uses each block's own scale")
  func blockScales() {
    var x = normal([8, 64])
    for row in 0..<8 {
      for column in 0..<64 { x[row, column] *= Float(1 << (2 * row)) }
    }
    var source = RandomSource(seed: 4)
    let fp4 = FP4Tensor(quantizing: x, doubleQuantized: false, using: &source)
    let nf4 = NF4Tensor(quantizing: x, doubleQuantized: false, using: &source)
    let scales = fp4.scaleValues.scalars
    for (values, gap) in [(fp4.dequantized(), Float(1) / 3), (nf4.dequantized(), 0.304)] {
      for (i, (a, b)) in zip(x.scalars, values.scalars).enumerated() {
        #expect(abs(a - b) <= gap * scales[i / 64] + a.ulp)
      }
    }
    // The second code of 0 is never drawn.
    #expect(fp4.codes.scalars.allSatisfy { $0 & 15 != 8 && $0 >> 4 != 8 })
  }
}
