import CKernels
import Tensors
import TestSupport
import Testing

@testable import Quantization

@Suite(.serialized) struct DynamicMapTests {
  let fixture: Fixture

  init() throws { fixture = try Fixture("quantization") }

  @Test("Maps equal bitsandbytes' bit for bit")
  func bitsandbytesMaps() throws {
    #expect(try DynamicMap.signedValues == fixture.tensor("map", of: "map_signed").scalars)
    #expect(
      try DynamicMap.values(signed: false) == fixture.tensor("map", of: "map_unsigned").scalars)
  }

  @Test("No number is further from the signed map than stated")
  func largestError() {
    #expect(DynamicMap.largestSignedError <= 0.0071)
    for step in -10_000...10_000 {
      let x = Float(step) / 10_000
      let distance = DynamicMap.signedValues.map { abs($0 - x) }.min()!
      // Both sides round to float.
      #expect(distance <= DynamicMap.largestSignedError + 1e-7)
    }
  }

  @Test(
    "Codes are those of the nearest values, ties to the lower",
    arguments: ["signed", "unsigned"])
  func nearestCodes(kind: String) throws {
    let map = DynamicMap(rawValue: kind)!.kernelMap
    let cases = fixture.cases.filter { $0.hasPrefix("dynamic_\(kind)_") }
    #expect(cases.count == 8)
    for name in cases {
      let x = try fixture.tensor("x", of: name)
      let expected = try fixture.tensor("codes", of: name, as: UInt8.self).scalars
      let scales = try fixture.tensor("absmax", of: name).scalars
      let expectedValues = try fixture.tensor("dequantized", of: name).scalars
      withEveryInstructionSet { level in
        var absmax = [Float](repeating: 0, count: dividedUp(x.elementCount, by: 256))
        var codes = [UInt8](repeating: 0, count: x.elementCount)
        var values = [Float](repeating: 0, count: x.elementCount)
        x.withUnsafeBuffer {
          loqt_map8_quantize($0.baseAddress!, $0.count, 256, map, &codes, &absmax)
        }
        loqt_map8_dequantize(codes, absmax, 0, x.elementCount, 256, map, &values)
        #expect(codes == expected, "\(name), level \(level)")
        #expect(absmax == scales, "\(name), level \(level)")
        #expect(values == expectedValues, "\(name), level \(level)")
      }
    }
  }
}
