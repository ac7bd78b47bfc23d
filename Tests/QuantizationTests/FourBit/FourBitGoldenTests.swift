import JSON
import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import Quantization

/// Against bitsandbytes, on inputs that straddle rows, end in short blocks, sit on thresholds, vanish
/// or are denormal.
@Suite(.serialized) struct FourBitGoldenTests {
  let fixture: Fixture
  let doubleQuantizedCases: [String]

  init() throws {
    let fixture = try Fixture("quantization")
    self.fixture = fixture
    doubleQuantizedCases = fixture.cases.filter { fixture.hasTensor("scales", of: $0) }
  }

  @Test("Codes, scales and values equal bitsandbytes' byte for byte")
  func bitsandbytesTensors() throws {
    try check(NormalFloat4.self, "nf4", least: 35)
    try check(Float4.self, "fp4", least: 32)
  }

  private func check<Codebook: FourBitCodebook>(
    _ codebook: Codebook.Type, _ prefix: String, least: Int
  ) throws {
    #expect(try Codebook.levels == fixture.tensor("levels", of: prefix).scalars)
    let cases = fixture.cases.filter { $0.hasPrefix(prefix + "_") }
    #expect(cases.count >= least)
    for name in cases {
      let x = try fixture.tensor("x", of: name)
      let packed = try fixture.tensor("packed", of: name, as: UInt8.self)
      let absmax = try fixture.tensor("absmax", of: name)
      let values = try fixture.tensor("dequantized", of: name)
      let blockSize = try #require(fixture.parameter("block", of: name)?.integerValue)
      withEveryInstructionSet { level in
        let quantized = FourBitTensor<Codebook>(
          quantizing: x, blockSize: blockSize, doubleQuantized: false)
        let at: Comment = "\(name), level \(level)"
        #expect(quantized.codes == packed, at)
        #expect(bits(quantized.scaleValues) == bits(absmax), at)
        // Zeros of either sign are equal: bitsandbytes' table of FP4 may hold a negative one.
        #expect(quantized.dequantized() == values, at)
      }
    }
  }

  @Test("Double quantised scales are the nearest codes")
  func nearestScaleCodes() throws {
    #expect(doubleQuantizedCases.count >= 8)
    for name in doubleQuantizedCases {
      let quantized = NF4Tensor(quantizing: try fixture.tensor("x", of: name))
      #expect(
        try quantized.codes == fixture.tensor("packed", of: name, as: UInt8.self), "\(name)")
      guard case .doubleQuantized(let codes, let absmax, let offset) = quantized.scales else {
        Issue.record("\(name): not double quantised")
        continue
      }
      #expect(try codes == fixture.tensor("scale_codes", of: name, as: UInt8.self), "\(name)")
      #expect(try offset == fixture.tensor("scale_offset_exact", of: name).scalar, "\(name)")
      // bitsandbytes sums the mean in float: the offsets, and the distances from them, agree to a
      // few units in the last place of the offset.
      let theirs = try fixture.tensor("scale_offset", of: name).scalar
      #expect(abs(offset - theirs) <= 4 * offset.ulp, "\(name)")
      let difference = maxDifference(absmax, try fixture.tensor("scale_absmax", of: name))
      #expect(difference <= Double(4 * offset.ulp), "\(name)")
    }
  }

  @Test("Parts from bitsandbytes give its values bit for bit")
  func bitsandbytesParts() throws {
    for name in doubleQuantizedCases {
      let values = try fixture.tensor("double_dequantized", of: name)
      let scales = try fixture.tensor("scales", of: name)
      let tensor = try NF4Tensor(
        shape: values.shape, blockSize: 64, doubleQuantized: true,
        parts: TensorParts(
          bytes: [
            "codes": try fixture.tensor("packed", of: name, as: UInt8.self),
            "absmax": try fixture.tensor("scale_codes", of: name, as: UInt8.self),
          ],
          floats: [
            "nested_absmax": try fixture.tensor("scale_absmax", of: name),
            "nested_offset": try fixture.tensor("scale_offset", of: name),
          ]))
      withEveryInstructionSet { level in
        #expect(bits(tensor.scaleValues) == bits(scales), "\(name), level \(level)")
        #expect(bits(tensor.dequantized()) == bits(values), "\(name), level \(level)")
      }
    }
  }
}
