import TensorFiles
import TestSupport
import Tensors
import Testing

@testable import Quantization

/// All 65,536 half-precision values through every format.
@Suite(.serialized) struct HalfPrecisionValuesTests {
  /// In the order of `Tests/Generators/half_values.py`; NaN and infinity are 0.
  static func values(_ name: String) -> Tensor<Float> {
    let factor: UInt32 = name.hasSuffix("mixed") ? 40503 : 1
    return Tensor(
      (0..<1 << 16 as Range<UInt32>).map { index in
        let bits = UInt16(truncatingIfNeeded: index &* factor)
        let value =
          name.hasPrefix("bfloat16") ? Float(BFloat16(bitPattern: bits)) : Float(halfBits: bits)
        return value.isFinite ? value : 0
      })
  }

  @Test(
    "Bytes are those of bitsandbytes, of the nearest codes and of GGUF",
    arguments: ["float16_ordered", "float16_mixed", "bfloat16_mixed"])
  func referenceBytes(name: String) throws {
    let fixture = try Fixture("half_values")
    let x = Self.values(name)
    func bytes(_ part: String) throws -> Tensor<UInt8> {
      try fixture.tensor(part, of: name, as: UInt8.self)
    }
    func floats(_ part: String) throws -> Tensor<Float> { try fixture.tensor(part, of: name) }
    let (nf4Codes, nf4Scales) = (try bytes("nf4"), try floats("nf4_absmax"))
    let (fp4Codes, fp4Scales) = (try bytes("fp4"), try floats("fp4_absmax"))
    let (codes, scales) = (try bytes("dynamic"), try floats("dynamic_absmax"))
    withEveryInstructionSet { level in
      let nf4 = NF4Tensor(quantizing: x, doubleQuantized: false)
      #expect(nf4.codes == nf4Codes && nf4.scaleValues == nf4Scales, "level \(level)")
      let fp4 = FP4Tensor(quantizing: x, doubleQuantized: false)
      #expect(fp4.codes == fp4Codes && fp4.scaleValues == fp4Scales, "level \(level)")
      let dynamic = Int8BlockTensor(quantizing: x)
      #expect(dynamic.codes == codes && dynamic.absmax == scales, "level \(level)")
    }
    for block in GGUFBlock.allCases where fixture.hasTensor(block.rawValue, of: name) {
      #expect(
        try GGUFBlockTensor(quantizing: x, as: block).blocks == bytes(block.rawValue), "\(block)")
    }
  }

  /// Every value with its kind of NaN and infinity, alone in a block with a 1.
  @Test("Every value gives a finite number or is reported", arguments: FormatCases.quantized)
  func everyValue(format: WeightFormat) {
    for isBrain in [false, true] {
      let x = Tensor<Float>(
        (UInt16.min...UInt16.max).flatMap { bits -> [Float] in
          [1, isBrain ? Float(BFloat16(bitPattern: bits)) : Float(halfBits: bits)]
        }, shape: [1 << 13, 16])
      let stored = StoredMatrix(storing: x, as: format)
      #expect(!stored.isFinite)
      let y = stored.dequantized().scalars
      let isHidden = zip(x.scalars, y).contains { !$0.isFinite && $1.isFinite }
      #expect(!isHidden)
    }
  }

  /// With a block's scale of 1, the rank of the level is the number of midpoints of neighbours, in
  /// float, strictly below the number: bitsandbytes' rule.
  @Test("Every value up to 1 becomes its nearest 4-bit level")
  func nearestLevels() {
    checkNearestLevels(NormalFloat4.self)
    checkNearestLevels(Float4.self)
  }

  private func checkNearestLevels<Codebook: FourBitCodebook>(_ codebook: Codebook.Type) {
    let levels = Codebook.levels.sorted()
    let midpoints = zip(levels, levels.dropFirst()).map { ($0 + $1) * 0.5 }
    let values = [false, true].flatMap { isBrain in
      (UInt16.min...UInt16.max).map {
        isBrain ? Float(BFloat16(bitPattern: $0)) : Float(halfBits: $0)
      }.filter { abs($0) <= 1 }
    }
    var blocks: [Float] = []
    for (i, value) in values.enumerated() {
      if i % 63 == 0 { blocks.append(i % 2 == 0 ? 1 : -1) }
      blocks.append(value)
    }
    let expected = blocks.map { value in levels[midpoints.count { $0 < value }] }
    withEveryInstructionSet { level in
      let found = FourBitTensor<Codebook>(quantizing: Tensor(blocks), doubleQuantized: false)
      let whole = blocks.count / 64 * 64
      let isNearest = found.dequantized().scalars.prefix(whole) == expected.prefix(whole)
      #expect(isNearest, "\(Codebook.name), level \(level)")
    }
  }
}
