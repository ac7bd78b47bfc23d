@testable import TensorFiles
import Tensors
import TestSupport
import Testing

/// Reading any damaged file gives tensors or a `TensorFileError`.
@Suite struct SafetensorsDamageTests {
  static let header =
    #"{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"#
    + #""b":{"dtype":"BF16","shape":[3],"data_offsets":[8,14]},"#
    + #""c":{"dtype":"BOOL","shape":[2],"data_offsets":[14,16]}}"#
  static let bytes = rawSafetensors(header, dataLength: 16)

  private func readEverything(_ path: String) throws {
    let file = try SafetensorsFile(path: path)
    for entry in file.entries {
      let count = entry.shape.elementCount
      switch entry.elementType {
      case .f64: #expect(try file.tensor(named: entry.name, as: Double.self).elementCount == count)
      case .f32, .f16, .bf16: #expect(try file.tensor(named: entry.name).elementCount == count)
      case .bool:
        // Mutations may produce bytes other than 0 and 1.
        _ = try? file.tensor(named: entry.name, as: Bool.self)
      case .u64:
        // Mutations may produce numbers beyond any signed integer.
        _ = try? file.tensor(named: entry.name, as: Int64.self)
      case .u8, .u16, .u32, .i8, .i16, .i32, .i64:
        #expect(try file.tensor(named: entry.name, as: Int64.self).elementCount == count)
      default:
        #expect(throws: TensorFileError.self) { _ = try file.tensor(named: entry.name) }
      }
    }
  }

  @Test func truncationAtEveryByteIsRefused() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      for length in 0..<Self.bytes.count {
        try writePlainly(Array(Self.bytes[..<length]), to: path)
        #expect(throws: TensorFileError.self, "\(length) bytes") { try readEverything(path) }
      }
      try writePlainly(Self.bytes, to: path)
      try readEverything(path)
    }
  }

  @Test func randomDamageNeverTraps() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      var random = RandomSource(seed: 7)
      let alphabet = Array("{}[],:\"\\0123456789-.eFIUB".utf8) + [0, 0x80, 0xff]
      var accepted = 0
      for _ in 0..<20_000 {
        // Damage to the text alone, with a corrected length, passes the first checks.
        let isTextOnly = Bool.random(using: &random)
        var damaged = isTextOnly ? Array(Self.header.utf8) : Self.bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let position = Int.random(in: 0..<damaged.count, using: &random)
          switch Int.random(in: 0..<4, using: &random) {
          case 0: damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
          case 1: damaged[position] = alphabet.randomElement(using: &random)!
          case 2: damaged.remove(at: position)
          default: damaged.insert(alphabet.randomElement(using: &random)!, at: position)
          }
        }
        if isTextOnly { damaged = rawSafetensors(damaged, dataLength: 16) }
        do throws(TensorFileError) {
          // In memory for speed; the file is written only if its header passes.
          let length = try SafetensorsHeader.length(
            prefix: Array(damaged.prefix(8)), fileSize: damaged.count, file: path)
          _ = try SafetensorsHeader(
            text: Array(damaged[8..<8 + length]), fileSize: damaged.count, file: path)
        } catch {
          #expect(error.code != .cannotRead)
          continue
        }
        accepted += 1
        try writePlainly(damaged, to: path)
        try readEverything(path)
      }
      // Changed names, texts and elements are valid, so some files must be accepted.
      #expect(accepted > 100 && accepted < 10_000, "\(accepted)")
    }
  }

  @Test func aFileShortenedAfterOpeningIsAnError() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      try writePlainly(Self.bytes, to: path)
      let file = try SafetensorsFile(path: path)
      try shorten(path, to: Self.bytes.count - 3)
      #expect(try file.tensor(named: "a").scalars == [0, 0])
      let error = #expect(throws: TensorFileError.self) {
        try file.tensor(named: "c", as: Bool.self)
      }
      #expect(error?.code == .truncated)
    }
  }

  @Test func aHugeAnnouncedTensorAllocatesNothing() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      let header = MalformedFile.tensor(
        shape: "[1099511627776]", offsets: "[0,4398046511104]")
      try writePlainly(rawSafetensors(header, dataLength: 100), to: path)
      #expect(throws: TensorFileError.self) { try SafetensorsFile(path: path) }
    }
  }
}
