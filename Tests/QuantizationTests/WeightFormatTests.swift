import Foundation
import Tensors
import Testing

@testable import Quantization

@Suite struct WeightFormatTests {
  static let names: [(WeightFormat, String)] = [
    (.float32, "float32"), (.nf4(), "nf4-64-double"),
    (.nf4(blockSize: 4096, doubleQuantized: false), "nf4-4096"),
    (.fp4(blockSize: 32), "fp4-32-double"), (.fp4(doubleQuantized: false), "fp4-64"),
    (.int8Blocks(), "dynamic8-256-signed"), (.int8Blocks(map: .unsigned), "dynamic8-256-unsigned"),
    (.affine(AffineScheme(bits: .four)), "int4-symmetric-row"),
    (
      .affine(AffineScheme(bits: .eight, symmetry: .asymmetric, grouping: .tensor)),
      "int8-asymmetric-tensor"
    ),
    (.affine(AffineScheme(bits: .eight, grouping: .column)), "int8-symmetric-column"),
    (.affine(AffineScheme(bits: .four, grouping: .group(32))), "int4-symmetric-group32"),
    (.gguf(.q8_0), "q8_0"), (.gguf(.q4_0), "q4_0"), (.gguf(.q4_1), "q4_1"),
  ]

  @Test("A format comes back from its name", arguments: names)
  func nameRoundTrip(format: WeightFormat, name: String) throws {
    #expect(format.name == name)
    #expect(WeightFormat(name: name) == format)
    let data = try JSONEncoder().encode([format])
    #expect(String(decoding: data, as: UTF8.self) == "[\"\(name)\"]")
    #expect(try JSONDecoder().decode([WeightFormat].self, from: data) == [format])
  }

  @Test(
    "What is not a name is refused",
    arguments: [
      "", "-", "nf4", "nf4-", "nf4-0", "nf4-63", "nf4-064", "nf4-+64", "nf4--64", "nf4-8192",
      "nf4-64-", "nf4-64-double-", "nf4-64-single", "NF4-64", "nf4-9223372036854775808", "fp4-16",
      "dynamic8-256", "dynamic8-256-both", "dynamic8-3-signed", "int4", "int4-symmetric",
      "int4-symmetric-group", "int4-symmetric-group0", "int4-symmetric-group-1",
      "int4-symmetric-group032", "int4-both-row", "int3-symmetric-row", "int8-symmetric-rows",
      "q8_1", "q8_0-32", "float32-4", " float32",
    ])
  func invalidNames(name: String) {
    #expect(WeightFormat(name: name) == nil)
    let data = Data("[\"\(name)\"]".utf8)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([WeightFormat].self, from: data)
    }
  }
}
