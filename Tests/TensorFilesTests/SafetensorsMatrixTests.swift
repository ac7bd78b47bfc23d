import Quantization
import TensorFiles
import TestSupport
import Tensors
import Testing

@Suite struct SafetensorsMatrixTests {
  static let formats = [
    "float32", "nf4-64-double", "nf4-128", "fp4-32-double", "fp4-64", "dynamic8-256-signed",
    "dynamic8-64-unsigned", "int4-symmetric-row", "int4-symmetric-tensor",
    "int4-asymmetric-column", "int4-asymmetric-group7", "int8-asymmetric-tensor",
    "int8-symmetric-column", "int8-asymmetric-row", "int8-symmetric-group32", "q8_0", "q4_0",
    "q4_1",
  ].map { WeightFormat(name: $0)! }

  @Test func aMatrixOfEveryFormatComesBackFromAFileWithoutBeingDescribed() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      var source = RandomSource(seed: 3)
      var matrices: [String: StoredMatrix] = [:]
      for format in Self.formats {
        matrices["layer.\(format.name)"] = StoredMatrix(
          storing: .normal([33, 77], using: &source), as: format)
      }
      try SafetensorsFile.write(
        matrices: matrices, sources: [.init("other", Tensor<Float>([1, 2]))],
        metadata: ["made": "here"], to: path)
      let file = try SafetensorsFile(path: path)
      for (name, matrix) in matrices {
        let back = try file.matrix(named: name)
        #expect(back.format == matrix.format && back.shape == matrix.shape)
        #expect(back.parts == matrix.parts, "\(name)")
        let known = try file.matrix(named: name, shape: matrix.shape, format: matrix.format)
        #expect(known.parts == matrix.parts, "\(name)")
      }
      #expect(file.metadata["made"] == "here")
      #expect(try file.tensor(named: "other").scalars == [1, 2])
    }
  }

  @Test func descriptionsAndPartsThatDoNotFitAreRefused() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      let matrix = StoredMatrix(storing: .ones([4, 64]), as: .nf4(doubleQuantized: false))
      let good = "nf4-64 [4, 64]"
      for text in [
        "", "nf4-64", "nf4-64 4, 64", "nf4-64 [4]", "nf4-64 [4, 64, 1]", "nf4-64 [-4, 64]",
        "nf4-64 [4, 65]", "nf4-64 [9223372036854775807, 4]", "nf4-64 [4,, 64]",
        "nf4-64-double [4, 64]",
        "nf4-48 [4, 64]", "int8-symmetric-row [4, 64]", "float32 [4, 64]", "q8_0 [4, 64]",
        "nf4-64 [99999999999999999999, 4]", "nf4-64 [4, 64] ", good,
      ] {
        try SafetensorsFile.write(
          SafetensorsFile.Source.parts(of: matrix, named: "w"), metadata: ["w": text], to: path)
        let file = try SafetensorsFile(path: path)
        if text == good {
          #expect(try file.matrix(named: "w").parts == matrix.parts)
        } else {
          #expect(throws: TensorFileError.self, "\(text)") { try file.matrix(named: "w") }
        }
      }
      let file = try SafetensorsFile(path: path)
      #expect(throws: TensorFileError.self) { try file.matrix(named: "v") }
      #expect(throws: TensorFileError.self) {
        try SafetensorsFile.write(matrices: ["w": matrix], metadata: ["w": ""], to: path)
      }
    }
  }
}
