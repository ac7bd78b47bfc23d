import Tensors
import Testing

@testable import Quantization

@Suite struct NF4TensorTests {
  static let shapes: [Shape] = [
    [0], [1], [64], [65], [3, 21], [7, 100], [33, 77], [40, 500], [2, 3, 43],
  ]

  @Test(
    "Quantising again with float scales changes nothing",
    arguments: shapes, [32, 64, 256, 4096])
  func drift(shape: Shape, blockSize: Int) {
    let once = NF4Tensor(
      quantizing: normal(shape), blockSize: blockSize, doubleQuantized: false)
    let twice = NF4Tensor(
      quantizing: once.dequantized(), blockSize: blockSize, doubleQuantized: false)
    #expect(twice.isIdentical(to: once))
  }

  @Test("The drift of double quantised scales stays within its bound", arguments: shapes)
  func doubleQuantizedDrift(shape: Shape) {
    var tensor = NF4Tensor(quantizing: normal(shape))
    for _ in 0..<5 {
      let next = NF4Tensor(quantizing: tensor.dequantized())
      #expect(next.codes == tensor.codes)
      guard case .doubleQuantized(_, let absmax, _) = next.scales else { return }
      let groups = absmax.scalars
      for (block, (a, b)) in zip(tensor.scaleValues.scalars, next.scaleValues.scalars).enumerated()
      {
        // 0.0071 is half the largest gap of the map; adding the offset rounds once more.
        #expect(abs(a - b) <= 0.0071 * groups[block / 256] + 2 * a.ulp)
      }
      tensor = next
    }
  }

  /// A merge without any update moves the weights of a Gaussian matrix by about 3e-5; without double
  /// quantisation by nothing, see above.
  @Test("The drift of a Gaussian matrix is small")
  func gaussianDrift() {
    let before = NF4Tensor(quantizing: normal([256, 704])).dequantized().scalars
    let after = NF4Tensor(quantizing: Tensor(before, shape: [256, 704])).dequantized().scalars
    let difference = zip(before, after).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
    let whole = before.reduce(0) { $0 + Double($1 * $1) }
    #expect((difference / whole).squareRoot() < 1e-4)
  }

  @Test("The error on Gaussian numbers is that of the format")
  func gaussianError() {
    // Relative Frobenius error of NF4 with blocks of 64 on Gaussian numbers, from NumPy: 0.0920.
    let x = normal([256, 704])
    for doubleQuantized in [false, true] {
      let y = NF4Tensor(quantizing: x, doubleQuantized: doubleQuantized).dequantized()
      let difference = zip(x.scalars, y.scalars).reduce(0) {
        $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1))
      }
      let whole = x.scalars.reduce(0) { $0 + Double($1 * $1) }
      #expect(abs((difference / whole).squareRoot() - 0.0920) < 0.0005)
    }
  }

  @Test("Rows equal slices of the whole", arguments: shapes)
  func rowSlices(shape: Shape) {
    let tensor = NF4Tensor(quantizing: normal(shape))
    let whole = tensor.dequantized()
    for first in 0..<min(8, shape[0]) {
      for end in [first, first + 1, shape[0]] {
        #expect(tensor.dequantizedRows(first..<end) == whole.sliced(first..<end))
      }
    }
  }

  @Test("A part far from the start equals that of the whole")
  func distantPart() {
    // More than 256 blocks, the scales read at a time.
    let tensor = NF4Tensor(quantizing: normal([300, 333]))
    let whole = tensor.dequantized().scalars
    for range in [0..<99_900, 1..<20_000, 16_383..<16_385, 50_001..<99_900, 99_899..<99_900] {
      var part = [Float](repeating: 0, count: range.count)
      part.withUnsafeMutableBufferPointer { tensor._dequantize(range, into: $0.baseAddress!) }
      #expect(part == Array(whole[range]))
    }
  }

  @Test(
    "The byte count is that of the parts",
    arguments: shapes + [[128, 128], [512, 1376]], [true, false])
  func bytesOfParts(shape: Shape, doubleQuantized: Bool) {
    let tensor = NF4Tensor(
      quantizing: .zeros(shape), blockSize: 64, doubleQuantized: doubleQuantized)
    let parts = tensor.parts
    let sum =
      parts.bytes.values.reduce(0) { $0 + $1.byteCount }
      + parts.floats.values.reduce(0) { $0 + $1.byteCount }
    #expect(tensor.byteCount == sum)
  }

  @Test("The bytes per element are those of the paper")
  func bytesPerElement() {
    let count = 1 << 20
    let plain = WeightFormat.nf4(blockSize: 64, doubleQuantized: false)
    #expect(plain.byteCount(shape: [count]) == count * 5625 / 10_000)
    // 1/2 + 1/64 + 4/(64 * 256) an element, and the offset.
    #expect(WeightFormat.nf4().byteCount(shape: [count]) == count / 2 + count / 64 + 256 + 4)
    #expect(WeightFormat.float32.byteCount(shape: [count]) == 4 * count)
    // Of a large matrix, to the last digit: 0.5625 and 0.51587.
    let shape: Shape = [4096, 11008]
    let perElement = { (format: WeightFormat) in
      Double(format.byteCount(shape: shape)) / Double(shape.elementCount)
    }
    #expect(perElement(plain) == 0.5625)
    #expect((perElement(.nf4()) * 1e5).rounded() == 51_587)
  }

  @Test("Numbers that are not finite make their block NaN")
  func nonFinite() {
    for bad in [Float.nan, .infinity, -.infinity] {
      var x = normal([4, 50])
      x[2, 0] = bad
      let plain = NF4Tensor(quantizing: x, doubleQuantized: false)
      #expect(!plain.isFinite)
      let clean = NF4Tensor(quantizing: normal([4, 50]), doubleQuantized: false).dequantized()
      for (i, value) in plain.dequantized().scalars.enumerated() {
        // Element 100 lies in the second block of 64.
        if (64..<128).contains(i) {
          #expect(value.isNaN)
        } else {
          #expect(value == clean.scalars[i])
        }
      }
      let double = NF4Tensor(quantizing: x)
      #expect(!double.isFinite)
      #expect(double.dequantized().scalars.allSatisfy { $0.isNaN })
    }
    #expect(NF4Tensor(quantizing: normal([4, 50])).isFinite)
  }

  @Test("The result does not depend on the layout of the input")
  func inputLayouts() {
    let x = normal([30, 70])
    let transposed = NF4Tensor(quantizing: x.transposed())
    #expect(transposed.isIdentical(to: NF4Tensor(quantizing: x.transposed().copied())))
  }
}
