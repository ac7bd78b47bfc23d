import TensorFiles
import TestSupport
import Tensors
import Testing

@testable import Quantization

@Suite struct GGUFBlockTensorTests {
  static let shapes: [Shape] = [[0], [1], [31], [32], [33], [33, 77], [2, 3, 43], [70, 352]]

  @Test("Bytes and values are those of the reference encoder", arguments: GGUFBlock.allCases)
  func referenceEncoder(block: GGUFBlock) throws {
    let fixture = try Fixture("gguf_blocks")
    #expect(fixture.cases.count >= 17)
    for name in fixture.cases {
      let x = try fixture.tensor("x", of: name)
      let expected = try fixture.tensor(block.rawValue, of: name, as: UInt8.self)
      let values = try fixture.tensor(block.rawValue + "_values", of: name)
      let tensor = GGUFBlockTensor(quantizing: x, as: block)
      #expect(tensor.blocks == expected, "\(name)")
      #expect(bits(tensor.dequantized()) == bits(values), "\(name)")
      let read = try GGUFBlockTensor(
        shape: x.shape, block: block, parts: TensorParts(bytes: ["blocks": expected]))
      #expect(bits(read.dequantized()) == bits(values), "\(name)")
    }
  }

  /// The bounds that the type's documentation states.
  @Test("The error stays within its bound", arguments: GGUFBlock.allCases, shapes)
  func errorBound(block: GGUFBlock, shape: Shape) {
    for (deviation, mean) in [(1, 0), (1, 10), (1e-4, 0), (1e-6, 0), (1e3, 0)] as [(Float, Float)] {
      let x = normal(shape) * (50 * deviation) + mean
      let values = GGUFBlockTensor(quantizing: x, as: block).dequantized().scalars
      let scalars = x.scalars
      for start in stride(from: 0, to: scalars.count, by: 32) {
        let elements = scalars[start..<min(scalars.count, start + 32)]
        let magnitude = elements.map(abs).max()!
        let range = elements.max()! - elements.min()!
        let (bound, steps): (Float, Float) =
          switch block {
          case .q8_0: (0.0045 * magnitude, 127)
          case .q4_0: (0.126 * magnitude, 8)
          case .q4_1: (0.034 * range + 0x1p-11 * magnitude, 16)
          }
        let fits = elements.indices.allSatisfy {
          abs(values[$0] - scalars[$0]) <= bound + steps * 0x1p-25
        }
        #expect(fits, "block at \(start), \(deviation) around \(mean)")
      }
    }
  }

  @Test(
    "Quantising again changes no value, or with an offset by one unit",
    arguments: GGUFBlock.allCases, shapes)
  func drift(block: GGUFBlock, shape: Shape) {
    for (deviation, mean) in [(1, 0), (1, -30), (1e-2, 100), (1e-5, 1), (1e-6, 0)]
      as [(Float, Float)]
    {
      let x = normal(shape) * (50 * deviation) + mean
      let once = GGUFBlockTensor(quantizing: x, as: block).dequantized()
      let twice = GGUFBlockTensor(quantizing: once, as: block).dequantized()
      guard block == .q4_1 else {
        #expect(twice == once)
        continue
      }
      let (a, b) = (once.scalars, twice.scalars)
      for start in stride(from: 0, to: a.count, by: 32) {
        let block = start..<min(a.count, start + 32)
        let magnitude = a[block].map(abs).max()!
        #expect(block.allSatisfy { abs(a[$0] - b[$0]) <= 0x1p-20 * magnitude })
      }
    }
  }

  @Test("Parts of the elements equal the whole", arguments: GGUFBlock.allCases)
  func partsOfElements(block: GGUFBlock) {
    let tensor = GGUFBlockTensor(quantizing: normal([9, 77]), as: block)
    let whole = tensor.dequantized()
    #expect(tensor.dequantizedRows(3..<8) == whole.sliced(3..<8))
    for range in [0..<0, 0..<1, 31..<33, 64..<96, 5..<693, 692..<693] {
      var part = [Float](repeating: 0, count: range.count)
      part.withUnsafeMutableBufferPointer { out in
        if let base = out.baseAddress { tensor._dequantize(range, into: base) }
      }
      #expect(part == Array(whole.scalars[range]))
    }
  }

  @Test("The bytes per element are those of the format")
  func bytesPerElement() {
    let count = 1 << 20
    #expect(WeightFormat.gguf(.q8_0).byteCount(shape: [count]) == count / 32 * 34)
    #expect(WeightFormat.gguf(.q4_0).byteCount(shape: [count]) == count / 32 * 18)
    #expect(WeightFormat.gguf(.q4_1).byteCount(shape: [count]) == count / 32 * 20)
    for block in GGUFBlock.allCases {
      for shape in Self.shapes {
        let tensor = GGUFBlockTensor(quantizing: normal(shape), as: block)
        #expect(tensor.byteCount == tensor.blocks.byteCount)
      }
    }
  }

  /// 127 steps of 65504 and more: a float, but its step exceeds half precision.
  @Test(
    "Blocks whose step exceeds half precision become NaN and are reported",
    arguments: GGUFBlock.allCases)
  func hugeSteps(block: GGUFBlock) {
    for bad in [Float.nan, .infinity, -.infinity, 1e7, -1e7, 3e38] {
      var x = normal([96])
      x[40] = bad
      let tensor = GGUFBlockTensor(quantizing: x, as: block)
      #expect(!tensor.isFinite)
      for (i, value) in tensor.dequantized().scalars.enumerated() {
        #expect(value.isNaN == (32..<64).contains(i), "\(bad)")
      }
    }
  }

  /// The reference encoder takes the first of equal numbers and so keeps the sign of the first
  /// zero.
  @Test("The offset has the sign of the first zero, the step none")
  func signsOfZeros() {
    func halves(_ x: [Float]) -> [UInt16] {
      let bytes = GGUFBlockTensor(quantizing: Tensor(x), as: .q4_1).blocks.scalars
      return [0, 2].map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
    }
    let zeros = [Float](repeating: 0, count: 30)
    #expect(halves([0] + zeros + [-0.0]) == [0, 0])
    #expect(halves([-0.0] + zeros + [0]) == [0, 0x8000])
    #expect(halves([-0.0] + zeros + [15]) == [0x3C00, 0x8000])
    #expect(halves([15] + zeros + [-0.0]) == [0x3C00, 0])
  }

  @Test("A short block is padded with the code of 0 or of the least element")
  func padding() {
    let x = Tensor<Float>([2, 3, 4])
    let q8 = GGUFBlockTensor(quantizing: x, as: .q8_0).blocks.scalars
    #expect(q8[5...].allSatisfy { $0 == 0 })
    let q4 = GGUFBlockTensor(quantizing: x, as: .q4_0).blocks.scalars
    #expect(q4[2..<5].allSatisfy { $0 >> 4 == 8 } && q4[5...].allSatisfy { $0 == 0x88 })
    let offset = GGUFBlockTensor(quantizing: x, as: .q4_1).blocks.scalars
    #expect(offset[4..<7].allSatisfy { $0 >> 4 == 0 } && offset[7...].allSatisfy { $0 == 0 })
  }

  /// The largest number of a block is an integer number of steps before the step becomes half
  /// precision; with a stored step that is larger it is not, and counting in steps that are not
  /// stored would add 3 x 10^-4.
  @Test(
    "Stochastic rounding is right on average for the stored step",
    arguments: GGUFBlock.allCases)
  func stochasticRounding(block: GGUFBlock) throws {
    func blocks(_ number: Float, _ count: Int) -> Tensor<Float> {
      Tensor((0..<32 * count).map { $0 % 2 == 0 ? 0 : number })
    }
    let number = try #require(
      (0..<20).map { 1.01 + 0.01 * Float($0) }.first {
        GGUFBlockTensor(quantizing: blocks($0, 1), as: block).dequantized()[1] > $0 + 3e-4
      })
    var source = RandomSource(seed: 3)
    let count = 20_000
    let drawn = GGUFBlockTensor(quantizing: blocks(number, count), as: block, using: &source)
    let mean = drawn.dequantized().scalars.reduce(0.0) { $0 + Double($1) } / Double(16 * count)
    // One of two numbers at most 0.14 apart, where the rarer is one in 130, or 0.01 apart, deviates
    // by 0.013: five deviations of the mean of so many.
    #expect(abs(mean - Double(number)) < 5 * 0.013 / Double(16 * count).squareRoot())
  }

  @Test("Parts that do not fit are refused", arguments: GGUFBlock.allCases)
  func misfits(block: GGUFBlock) throws {
    let parts = GGUFBlockTensor(quantizing: normal([9, 31]), as: block).parts
    func code(_ shape: Shape, _ parts: TensorParts) -> QuantizationError.Code? {
      do throws(QuantizationError) {
        _ = try GGUFBlockTensor(shape: shape, block: block, parts: parts)
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code([9, 31], parts) == nil)
    #expect(code([9, 31], TensorParts()) == .missingPart)
    #expect(code([9, 40], parts) == .sizeMismatch)
    #expect(code([.max, 40], parts) == .sizeMismatch)
    var broken = parts
    broken.bytes["blocks"]![block.byteCount + 1] = 0x7C
    #expect(code([9, 31], broken) == .nonFiniteScale)
  }
}
