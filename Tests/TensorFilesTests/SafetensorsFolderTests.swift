import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsFolderTests {
  private func writeShards(in folder: String) throws {
    let ones = Tensor<Float>([1, 2])
    try SafetensorsFile.write(["a": ones, "hidden": ones], to: folder + "/one.safetensors")
    try SafetensorsFile.write([.init("b", Tensor<Int32>([3]))], to: folder + "/two.safetensors")
  }

  private func writeIndex(_ text: String, in folder: String) throws {
    try writePlainly(Array(text.utf8), to: folder + "/model.safetensors.index.json")
  }

  @Test func readsTensorsFromTheirShards() throws {
    try withTemporaryFolder { folder in
      try writeShards(in: folder)
      try writeIndex(
        #"{"metadata":{"total_size":12},"weight_map":"#
          + #"{"b":"two.safetensors","a":"one.safetensors"}}"#, in: folder)
      let model = try SafetensorsFolder(path: folder)
      #expect(model.names == ["a", "b"])
      #expect(try model.tensor(named: "a").scalars == [1, 2])
      #expect(try model.tensor(named: "b", as: Int32.self).scalars == [3])
      #expect(model.entry(named: "hidden") == nil)
      #expect(throws: TensorFileError.self) { try model.tensor(named: "hidden") }
    }
  }

  @Test func readsAFolderWithoutIndex() throws {
    try withTemporaryFolder { folder in
      try SafetensorsFile.write(["a": Tensor<Float>([1, 2])], to: folder + "/model.safetensors")
      #expect(try SafetensorsFolder(path: folder).tensor(named: "a").scalars == [1, 2])
    }
  }

  @Test(
    arguments: [
      #"{"weight_map":{"a":"../one.safetensors"}}"#, #"{"weight_map":{"a":"/etc/passwd"}}"#,
      #"{"weight_map":{"a":"x/one.safetensors"}}"#, #"{"weight_map":{"a":".."}}"#,
      #"{"weight_map":{"a":""}}"#, #"{"weight_map":{"a":"."}}"#,
      #"{"weight_map":{"a":"..\\one.safetensors"}}"#, #"{"weight_map":{"a":"one\u0000.x"}}"#,
      #"{"weight_map":{"a":".hidden"}}"#, #"{"weight_map":{"a":"\u002e./one.safetensors"}}"#,
    ])
  func pathsOutsideTheFolderAreRefused(index: String) throws {
    try withTemporaryFolder { folder in
      try writeShards(in: folder)
      try writeIndex(index, in: folder)
      let error = #expect(throws: TensorFileError.self) { try SafetensorsFolder(path: folder) }
      #expect(error?.code == .unsafePath, "\(String(describing: error))")
    }
  }

  @Test(
    arguments: [
      ("", .malformed), ("[]", .typeMismatch), ("{}", .missing),
      (#"{"weight_map":[]}"#, .typeMismatch), (#"{"weight_map":{"a":1}}"#, .typeMismatch),
      (#"{"weight_map":{"a":"three.safetensors"}}"#, .notFound),
      (#"{"weight_map":{"b":"one.safetensors"}}"#, .missing),
      (#"{"weight_map":{"a":"one.safetensors","a":"two.safetensors"}}"#, .duplicate),
      (#"{"weight_map":{},"weight_map":{}}"#, .duplicate), (#"{"weight_map":{}} x"#, .malformed),
    ] as [(String, TensorFileError.Code)])
  func faultyIndexesAreRefused(index: String, code: TensorFileError.Code) throws {
    try withTemporaryFolder { folder in
      try writeShards(in: folder)
      try writeIndex(index, in: folder)
      let error = #expect(throws: TensorFileError.self) { try SafetensorsFolder(path: folder) }
      #expect(error?.code == code, "\(String(describing: error))")
    }
  }

  @Test func picklesAreRefusedWithTheLineThatConvertsThem() throws {
    try withTemporaryFolder { folder in
      let pickles: [(String, [UInt8])] = [
        ("model.pt", []), ("pytorch_model.bin", [0x80, 2, 0x8a, 0x0a, 0x6c]),
        ("weights", [0x50, 0x4b, 3, 4] + Array(repeating: 0, count: 60)),
        ("weights", [0x80, 4, 0x95] + Array(repeating: 1, count: 60)),
      ]
      for (name, bytes) in pickles {
        try writePlainly(bytes, to: folder + "/" + name)
        let error = #expect(throws: TensorFileError.self) {
          try SafetensorsFile(path: folder + "/" + name)
        }
        #expect(error?.code == .unsupported)
        #expect(error?.remedy?.contains("save_file(") == true)
      }
      let error = #expect(throws: TensorFileError.self) { try SafetensorsFolder(path: folder) }
      #expect(error?.file.hasSuffix("pytorch_model.bin") == true && error?.remedy != nil)
    }
  }

  @Test func foldersDevicesAndMissingFilesAreErrors() throws {
    try withTemporaryFolder { folder in
      for path in [folder, "/dev/zero", folder + "/none", "a\u{0}b", ""] {
        #expect(throws: TensorFileError.self) { try SafetensorsFile(path: path) }
      }
    }
  }
}
