import Foundation
import Quantization
import TensorFiles
import TestSupport
import Tensors
import Testing

/// Files written by the gguf package; see `Tests/Generators/gguf_files.py`.
@Suite struct GGUFFileTests {
  private func open(_ name: String) throws -> GGUFFile {
    try GGUFFile(path: "\(Fixture.folder)/gguf/\(name).gguf")
  }

  @Test func metadataOfEveryTypeAreRead() throws {
    let metadata = try open("metadata").metadata
    #expect(metadata["general.architecture"]?.stringValue == "test")
    #expect(metadata["n.uint8"] == .uint8(200))
    #expect(metadata["n.int8"] == .int8(-100))
    #expect(metadata["n.uint16"] == .uint16(60_000))
    #expect(metadata["n.int16"] == .int16(-30_000))
    #expect(metadata["n.uint32"] == .uint32(4_000_000_000))
    #expect(metadata["n.int32"] == .int32(-2_000_000_000))
    #expect(metadata["n.float32"] == .float32(0.1))
    #expect(metadata["n.bool"] == .bool(true))
    #expect(metadata["n.string"] == .string("grün 🌱"))
    #expect(metadata["n.uint64"] == .uint64(.max))
    #expect(metadata["n.int64"] == .int64(.min))
    #expect(metadata["n.float64"] == .float64(0.1))
    #expect(metadata["a.uint8"] == .array(.uint8([0, 255])))
    #expect(metadata["a.int8"] == .array(.int8([-128, 127])))
    #expect(metadata["a.uint16"] == .array(.uint16([65_535])))
    #expect(metadata["a.int16"] == .array(.int16([-32_768, 5])))
    #expect(metadata["a.uint32"] == .array(.uint32([1, 2, 3])))
    #expect(metadata["a.int32"] == .array(.int32([-1])))
    #expect(metadata["a.float32"] == .array(.float32([0.5, -1.5])))
    #expect(metadata["a.bool"] == .array(.bool([true, false])))
    #expect(metadata["a.string"] == .array(.string(["", "a", "Ġthe"])))
    #expect(metadata["a.uint64"] == .array(.uint64([1 << 63])))
    #expect(metadata["a.int64"] == .array(.int64([-5, 5])))
    #expect(metadata["a.float64"] == .array(.float64([1e300])))
    #expect(metadata.keys.count == 25 && metadata.keys.last == "a.float64")
  }

  @Test func valuesAreTakenAsNumbersAndTextsWhateverTheirWidth() throws {
    let metadata = try open("metadata").metadata
    for key in ["uint8", "int8", "uint16", "int16", "uint32", "int32", "int64"] {
      #expect(metadata["n.\(key)"]?.integerValue != nil, "\(key)")
      #expect(metadata["n.\(key)"]?.integers == nil)
      #expect(metadata["a.\(key)"]?.integers != nil, "\(key)")
      #expect(metadata["a.\(key)"]?.integerValue == nil)
    }
    #expect(metadata["n.uint64"]?.integerValue == nil)
    #expect(metadata["n.uint64"]?.numberValue == 0x1p64)
    #expect(metadata["n.int32"]?.numberValue == -2e9)
    #expect(metadata["n.float32"]?.numberValue == Double(Float(0.1)))
    #expect(metadata["n.float32"]?.integerValue == nil)
    #expect(metadata["a.float64"]?.numbers == [1e300])
    #expect(metadata["a.string"]?.strings == ["", "a", "Ġthe"])
    #expect(metadata["a.string"]?.stringValue == nil && metadata["n.string"]?.strings == nil)
    #expect(metadata["n.bool"]?.boolValue == true && metadata["n.uint8"]?.boolValue == nil)
    #expect(metadata["nothing"] == nil)
  }

  @Test(arguments: ["everything", "aligned"])
  func tensorsOfEveryReadableTypeAreRead(name: String) throws {
    let file = try open(name)
    #expect(file.version == 3)
    #expect(file.names.count == (name == "aligned" ? 8 : 10) && file.names[0] == "f32")
    let x: Tensor<Float> = try file.tensor(named: "f32")
    #expect(x.shape == [3, 64])
    // Conversions of the tensor library are tested separately against NumPy.
    #expect(
      try file.tensor(named: "f16") == x.converted(to: Float16.self).converted(to: Float.self))
    #expect(
      try file.tensor(named: "bf16.weight")
        == x.converted(to: BFloat16.self).converted(to: Float.self))
    for block in GGUFBlock.allCases {
      let name = "\(block.rawValue).weight"
      let expected = GGUFBlockTensor(quantizing: x, as: block)
      #expect(try file.blocks(named: name).blocks == expected.blocks)
      #expect(try file.tensor(named: name) == expected.dequantized())
      let matrix = try file.matrix(named: name)
      #expect(matrix.format == .gguf(block) && matrix.parts == expected.parts)
      #expect(matmulTransposed(x, matrix) == matmulTransposed(x, expected))
    }
    #expect(try file.tensor(named: "vector").scalars == [1, 2, 3])
    #expect(try file.tensor(named: "cube")[1, 2, 3].scalar == 23)
    if name == "everything" {
      #expect(try file.tensor(named: "i32", as: Int32.self).scalars == [0, 1, 2, 3, 4])
    }
    #expect(try file.matrix(named: "f16").format == .float32)
  }

  /// Every type of blocks that is read as floats alone, bit for bit as the gguf package dequantises it.
  @Test func blocksThatAreNotComputedWithAreReadAsTheReferenceReadsThem() throws {
    let file = try open("blocks")
    let expected = try Fixture("gguf_read_blocks")
    #expect(expected.cases.count == 9)
    for name in expected.cases {
      let values: Tensor<Float> = try file.tensor(named: "\(name).weight")
      let reference: Tensor<Float> = try expected.tensor("values", of: name)
      #expect(values.shape == reference.shape)
      #expect(
        values.scalars.map(\.bitPattern) == reference.scalars.map(\.bitPattern), "\(name)")
    }
  }

  @Test func aBlockWithAnInfiniteStepIsRefused() throws {
    try withTemporaryFolder { folder in
      let theirs = try open("blocks")
      for (name, place) in [("Q6_K.weight", 208), ("Q4_K.weight", 146), ("Q5_0.weight", 22)] {
        let entry = try #require(theirs.entry(named: name))
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: theirs.path)))
        // The tensors end where the file does, but for its padding.
        let start = bytes.count - (theirs.entries.last?.byteRange.upperBound ?? 0)
        let at = (start & ~31) + entry.byteRange.lowerBound + place
        (bytes[at], bytes[at + 1]) = (0, 0x7c)
        try Data(bytes).write(to: URL(filePath: folder + "/broken.gguf"))
        let error = #expect(throws: TensorFileError.self) {
          _ = try GGUFFile(path: folder + "/broken.gguf").tensor(named: name) as Tensor<Float>
        }
        #expect(error?.code == .malformed && error?.field?.contains(name) ?? false)
      }
    }
  }

  @Test func textsThatAreNoUTF8StayBytes() throws {
    let file = try open("texts")
    let value = try #require(file.metadata["texts"])
    #expect(value.strings == nil)
    #expect(value.byteStrings == [[97], [0xff, 0xfe], [0xc3, 0xbc]])
    #expect(try file.tensor(named: "a").scalars == [1, 2])
    try withTemporaryFolder { folder in
      let path = folder + "/texts.gguf"
      try GGUFFile.write([], metadata: file.metadata, to: path)
      #expect(try GGUFFile(path: path).metadata == file.metadata)
    }
  }

  @Test func whatIsNotReadIsListedAndRefusedWithASentence() throws {
    let file = try open("everything")
    let entry = try #require(file.entry(named: "mxfp4.weight"))
    #expect(entry.shape == [3, 64] && entry.elementType.description == "MXFP4")
    #expect(entry.byteRange.count == 3 * 2 * 17)
    func code<T>(_ read: () throws -> T) -> TensorFileError.Code? {
      do {
        _ = try read()
        return nil
      } catch let error as TensorFileError {
        #expect(error.description.count > 40)
        return error.code
      } catch {
        return nil
      }
    }
    #expect(code { try file.tensor(named: "mxfp4.weight") } == .unsupported)
    #expect(code { try file.blocks(named: "mxfp4.weight") } == .unsupported)
    #expect(code { try file.matrix(named: "mxfp4.weight") } == .unsupported)
    #expect(code { try file.blocks(named: "f32") } == .unsupported)
    #expect(code { try file.tensor(named: "q8_0.weight", as: Double.self) } == .unsupported)
    #expect(code { try file.tensor(named: "i32") } == .typeMismatch)
    #expect(code { try file.matrix(named: "cube") } == .typeMismatch)
    #expect(code { try file.tensor(named: "nothing") } == .missing)
  }

  @Test func aFileWrittenWithTheSameContentIsTheSameByteForByte() throws {
    try withTemporaryFolder { folder in
      for name in ["aligned", "metadata"] {
        let theirs = try open(name)
        var sources: [GGUFFile.Source] = []
        for entry in theirs.entries {
          if entry.elementType.block != nil {
            sources.append(.init(entry.name, try theirs.blocks(named: entry.name)))
          } else {
            sources.append(
              .init(
                entry.name, try theirs.tensor(named: entry.name),
                as: try #require(entry.elementType.elementType)))
          }
        }
        let path = "\(folder)/\(name).gguf"
        try GGUFFile.write(sources, metadata: theirs.metadata, to: path)
        #expect(try contents(path) == contents(theirs.path))
      }
    }
  }

  @Test func whatTheFormatHasNoRoomForIsRefusedAtWriting() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.gguf"
      let x = Tensor<Float>.ones([2, 32])
      func code(_ sources: [GGUFFile.Source], _ metadata: GGUFMetadata = [:])
        -> TensorFileError.Code?
      {
        do throws(TensorFileError) {
          try GGUFFile.write(sources, metadata: metadata, to: path)
          return nil
        } catch {
          return error.code
        }
      }
      let q8 = GGUFBlockTensor(quantizing: x, as: .q8_0)
      #expect(code([.init("x", q8)]) == nil)
      #expect(code([.init("x", x), .init("x", x)]) == .duplicate)
      #expect(code([.init("", x)]) == .unsupported)
      #expect(code([.init(String(repeating: "n", count: 65), x)]) == .unsupported)
      #expect(code([.init("x", Tensor<Float>.ones([1, 1, 1, 1, 1]))]) == .unsupported)
      let narrow = GGUFBlockTensor(quantizing: .ones([2, 31]), as: .q4_0)
      #expect(code([.init("x", narrow)]) == .unsupported)
      let broken = GGUFBlockTensor(quantizing: x * .nan, as: .q4_1)
      #expect(code([.init("x", broken)]) == .unsupported)
      #expect(code([.init("x", x * 1e30, as: .f16)]) == .unsupported)
      #expect(code([], ["": .bool(true)]) == .unsupported)
      #expect(code([], ["general.alignment": .uint32(48)]) == .unsupported)
      #expect(code([], ["general.alignment": .int32(32)]) == .unsupported)
      let names = try GGUFFile(path: path).names
      #expect(names == ["x"], "the existing file stays")
    }
  }

  @Test func shapesWithoutElementsAndWithoutAxesAreKept() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.gguf"
      try GGUFFile.write(
        [
          .init("none", Tensor<Float>.zeros([0, 32])), .init("one", Tensor<Float>(5)),
          .init("empty", GGUFBlockTensor(quantizing: .zeros([3, 0]), as: .q8_0)),
          .init("last", Tensor<Float>([1, 2]), as: .bf16),
        ], to: path)
      let file = try GGUFFile(path: path)
      #expect(try file.tensor(named: "none").shape == [0, 32])
      #expect(try file.tensor(named: "one").scalar == 5)
      #expect(try file.blocks(named: "empty").shape == [3, 0])
      #expect(try file.tensor(named: "last").scalars == [1, 2])
    }
  }
}
