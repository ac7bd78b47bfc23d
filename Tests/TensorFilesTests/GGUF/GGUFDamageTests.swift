import Foundation
import Quantization
import TestSupport
import Tensors
import Testing

@testable import TensorFiles

/// The bytes of a GGUF file, built field by field, valid or not.
private struct RawGGUF {
  var bytes: [UInt8] = []

  init(version: UInt32 = 3, tensors: UInt64 = 0, fields: UInt64 = 0) {
    bytes = Array("GGUF".utf8)
    number(version)
    number(tensors)
    number(fields)
  }

  mutating func number<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func text(_ text: String, length: UInt64? = nil) {
    number(length ?? UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  mutating func field(_ key: String, type: UInt32, _ value: [UInt8] = []) {
    text(key)
    number(type)
    bytes.append(contentsOf: value)
  }

  mutating func array(_ key: String, of type: UInt32, count: UInt64, _ value: [UInt8] = []) {
    field(key, type: 9)
    number(type)
    number(count)
    bytes.append(contentsOf: value)
  }

  mutating func tensor(
    _ name: String = "t", _ dimensions: [UInt64] = [4], type: UInt32 = 0, offset: UInt64 = 0,
    rank: UInt32? = nil
  ) {
    text(name)
    number(rank ?? UInt32(dimensions.count))
    for size in dimensions { number(size) }
    number(type)
    number(offset)
  }

  mutating func data(_ count: Int, alignment: Int = 32) {
    bytes += [UInt8](repeating: 0, count: (alignment - bytes.count % alignment) % alignment)
    bytes += [UInt8](repeating: 1, count: count)
  }
}

/// Reading any damaged file gives tensors or a `TensorFileError`.
@Suite struct GGUFDamageTests {
  private static func make(_ body: (inout RawGGUF) -> Void) -> [UInt8] {
    var file = RawGGUF()
    body(&file)
    return file.bytes
  }

  private static func fields(_ count: UInt64 = 1, _ body: (inout RawGGUF) -> Void) -> [UInt8] {
    var file = RawGGUF(fields: count)
    body(&file)
    return file.bytes
  }

  private static func tensors(_ count: UInt64 = 1, _ body: (inout RawGGUF) -> Void) -> [UInt8] {
    var file = RawGGUF(tensors: count)
    body(&file)
    return file.bytes
  }

  /// A file and the expected kind of error.
  private static let malformed: [(String, [UInt8], TensorFileError.Code)] = {
    var cases: [(String, [UInt8], TensorFileError.Code)] = []
    func add(_ name: String, _ code: TensorFileError.Code, _ bytes: [UInt8]) {
      cases.append((name, bytes, code))
    }
    let good = RawGGUF().bytes
    add("nothing", .truncated, [])
    add("three bytes", .truncated, Array(good[..<3]))
    add("another beginning", .malformed, Array("GGUX".utf8) + good[4...])
    add("an older format", .malformed, Array("ggjt".utf8) + good[4...])
    add("no version", .truncated, Array(good[..<6]))
    add("version 0", .unsupported, RawGGUF(version: 0).bytes)
    add("version 1", .unsupported, RawGGUF(version: 1).bytes)
    add("a future version", .unsupported, RawGGUF(version: 4).bytes)
    add("big-endian", .unsupported, RawGGUF(version: UInt32(3).byteSwapped).bytes)
    add("no counts", .truncated, Array(good[..<10]))
    add("a negative count of tensors", .limitExceeded, RawGGUF(tensors: .max).bytes)
    add("a huge count of tensors", .limitExceeded, RawGGUF(tensors: 1 << 40).bytes)
    add("more tensors than bytes", .truncated, RawGGUF(tensors: 60_000).bytes)
    add("a negative count of fields", .limitExceeded, RawGGUF(fields: .max).bytes)
    add("more fields than bytes", .truncated, RawGGUF(fields: 60_000).bytes)
    add("an empty key", .malformed, fields { $0.field("", type: 0, [1]) })
    add(
      "a key of 65,536 bytes", .limitExceeded,
      fields { $0.field(String(repeating: "k", count: 65_536), type: 0, [1]) })
    add(
      "a key longer than the file", .truncated,
      fields {
        $0.text("abc", length: 1000)
        $0.data(10)
      })
    add(
      "a key of a negative length", .limitExceeded,
      fields {
        $0.text("abc", length: .max)
        $0.data(10)
      })
    add(
      "a key twice", .duplicate,
      fields(2) {
        $0.field("k", type: 0, [1])
        $0.field("k", type: 0, [2])
      })
    add(
      "a key that is not UTF-8", .malformed,
      fields {
        $0.number(UInt64(2))
        $0.bytes += [0xC3, 0x28]
        $0.number(UInt32(0))
        $0.bytes += [1]
      })
    add("a value of an unknown type", .malformed, fields { $0.field("k", type: 13, [1]) })
    add("a value that is cut", .truncated, fields { $0.field("k", type: 10, [1, 2, 3]) })
    add("a truth value of 2", .malformed, fields { $0.field("k", type: 7, [2]) })
    add("a text longer than the file", .truncated, fields { $0.field("k", type: 8, good) })
    add("an array of arrays", .unsupported, fields { $0.array("k", of: 9, count: 1, good) })
    add(
      "an array of an unknown type", .malformed, fields { $0.array("k", of: 77, count: 1, good) })
    add(
      "an array longer than the file", .truncated,
      fields { $0.array("k", of: 4, count: 5, good.dropLast(10) + []) })
    add(
      "an array of a negative count", .truncated,
      fields { $0.array("k", of: 0, count: .max, good) })
    add(
      "an array of more texts than bytes", .truncated,
      fields { $0.array("k", of: 8, count: 20, good) })
    add(
      "truth values of 3", .malformed,
      fields { $0.array("k", of: 7, count: 3, [0, 1, 3]) })
    for (name, type, value) in [
      ("alignment 0", 4, [0, 0, 0, 0]), ("alignment 48", 4, [48, 0, 0, 0]),
      ("an alignment of another type", 5, [32, 0, 0, 0]),
    ] as [(String, UInt32, [UInt8])] {
      add(name, .malformed, fields { $0.field("general.alignment", type: type, value) })
    }
    func tensor(
      _ name: String, _ code: TensorFileError.Code, data: Int = 16,
      _ body: (inout RawGGUF) -> Void
    ) {
      add(
        name, code,
        tensors {
          body(&$0)
          $0.data(data)
        })
    }
    tensor("a name of 65 bytes", .limitExceeded) {
      $0.tensor(String(repeating: "n", count: 65))
    }
    tensor("an empty name", .malformed) { $0.tensor("") }
    tensor("five dimensions", .malformed) { $0.tensor("t", [1, 1, 1, 1, 1]) }
    tensor("a rank of 2^32 - 1", .malformed) { $0.tensor("t", [1], rank: .max) }
    tensor("a negative dimension", .malformed) { $0.tensor("t", [.max]) }
    tensor("a product that overflows", .malformed) { $0.tensor("t", [1 << 40, 1 << 40]) }
    tensor("bytes that overflow", .malformed) { $0.tensor("t", [1 << 62]) }
    tensor("bytes that overflow beside a 0", .malformed) { $0.tensor("t", [0, 1 << 62, 4]) }
    tensor("an unknown type", .unsupported) { $0.tensor("t", [4], type: 4) }
    tensor("a type of the future", .unsupported) { $0.tensor("t", [4], type: 1000) }
    tensor("rows that are no whole blocks", .malformed) { $0.tensor("t", [33], type: 8) }
    tensor("an offset past the data", .malformed) { $0.tensor("t", [4], offset: 32) }
    tensor("an offset that is not aligned", .malformed) { $0.tensor("t", [4], offset: 4) }
    tensor("a negative offset", .malformed) { $0.tensor("t", [4], offset: .max) }
    tensor("missing data", .truncated, data: 15) { $0.tensor() }
    tensor("a huge tensor", .truncated) { $0.tensor("t", [1 << 40]) }
    add(
      "a tensor twice", .duplicate,
      tensors(2) {
        $0.tensor()
        $0.tensor(offset: 32)
        $0.data(64)
      })
    add(
      "tensors that overlap", .malformed,
      tensors(2) {
        $0.tensor("a")
        $0.tensor("b", offset: 0)
        $0.data(64)
      })
    add(
      "a gap between tensors", .malformed,
      tensors(2) {
        $0.tensor("a")
        $0.tensor("b", offset: 64)
        $0.data(128)
      })
    add(
      "ends beyond any file", .malformed,
      tensors(2) {
        $0.tensor("a", [(1 << 61) - 8], type: 0)
        $0.tensor("b", [4], offset: UInt64(((1 << 61) - 8) * 4))
        $0.data(64)
      })
    return cases
  }()

  @Test func malformedFilesAreRefusedWithTheirReason() throws {
    #expect(Self.malformed.count >= 50)
    try withTemporaryFolder { folder in
      let path = folder + "/a.gguf"
      for (name, bytes, code) in Self.malformed {
        try writePlainly(bytes, to: path)
        let error = #expect(throws: TensorFileError.self, "\(name)") { try GGUFFile(path: path) }
        #expect(error?.code == code, "\(name): \(error?.description ?? "")")
        #expect(error?.description.contains("a.gguf") == true)
      }
    }
  }

  @Test func legalOddFilesAreRead() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.gguf"
      try writePlainly(RawGGUF(version: 2).bytes, to: path)
      #expect(try GGUFFile(path: path).version == 2)
      let strange = Self.tensors(2) {
        $0.tensor("zero", [0, 1 << 40], offset: 0)
        $0.tensor("scalar", [], offset: 0)
        $0.data(4)
      }
      try writePlainly(strange, to: path)
      #expect(try GGUFFile(path: path).tensor(named: "scalar").shape == [])
      #expect(try GGUFFile(path: path).tensor(named: "zero").elementCount == 0)
    }
  }

  /// A valid file with all kinds of content, whose last tensor needs no padding.
  private static let whole: [UInt8] = {
    var file = RawGGUF(tensors: 3, fields: 4)
    file.array(
      "tokens", of: 8, count: 2, [1, 0, 0, 0, 0, 0, 0, 0, 65] + .init(repeating: 0, count: 8))
    file.field("general.alignment", type: 4, [32, 0, 0, 0])
    file.field("flag", type: 7, [1])
    file.array("numbers", of: 6, count: 2, [UInt8](repeating: 0, count: 8))
    file.tensor("a", [2, 2], type: 0, offset: 0)
    file.tensor("q", [32], type: 8, offset: 32)
    file.tensor("h", [2, 8], type: 1, offset: 96)
    file.data(96 + 32)
    return file.bytes
  }()

  private func readEverything(_ path: String) throws -> Int {
    let file = try GGUFFile(path: path)
    var count = 0
    for entry in file.entries {
      if entry.elementType.block != nil {
        let blocks = try file.blocks(named: entry.name)
        #expect(blocks.dequantized().allFinite)
      } else if entry.elementType.elementType != nil {
        switch entry.elementType.code {
        case 24...27: count += try file.tensor(named: entry.name, as: Int64.self).elementCount
        case 28: count += try file.tensor(named: entry.name, as: Double.self).elementCount
        default: count += try file.tensor(named: entry.name).elementCount
        }
      }
    }
    return count
  }

  @Test func truncationAtEveryByteIsRefused() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.gguf"
      for length in 0..<Self.whole.count {
        try writePlainly(Array(Self.whole[..<length]), to: path)
        let error = #expect(throws: TensorFileError.self, "\(length) bytes") {
          try readEverything(path)
        }
        #expect(error?.code == .truncated || length < 4)
      }
      try writePlainly(Self.whole, to: path)
      #expect(try readEverything(path) == 4 + 16)
    }
  }

  @Test func randomDamageNeverTraps() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.gguf"
      try writePlainly(Self.whole, to: path)
      let file = try FileEditor(path)
      var random = RandomSource(seed: 7)
      let values: [UInt8] = [0, 1, 2, 4, 8, 9, 12, 13, 30, 32, 64, 0x7F, 0x80, 0xFF]
      var (accepted, codes) = (0, Set<TensorFileError.Code>())
      for _ in 0..<25_000 {
        var damaged = Self.whole
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let position = Int.random(in: 0..<damaged.count, using: &random)
          switch Int.random(in: 0..<6, using: &random) {
          case 0: damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
          case 1: damaged.remove(at: position)
          case 2: damaged.insert(values.randomElement(using: &random)!, at: position)
          default: damaged[position] = values.randomElement(using: &random)!
          }
        }
        try file.replace(with: damaged)
        do {
          _ = try readEverything(path)
          accepted += 1
        } catch let error as TensorFileError {
          codes.insert(error.code)
        }
      }
      // Changed names, texts and elements are valid, so some files must be accepted.
      #expect(accepted > 1_000 && accepted < 20_000, "\(accepted)")
      #expect(codes.isSuperset(of: [.truncated, .malformed, .unsupported, .limitExceeded]))
    }
  }

  @Test func aHugeAnnouncedArrayAllocatesNothing() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.gguf"
      // A sparse file of 200 MB, and a header beyond the limit.
      try writePlainly(
        Self.fields { $0.array("k", of: 4, count: 40_000_000) }, to: path)
      let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
      try handle.truncate(atOffset: 200_000_000)
      try handle.close()
      let error = #expect(throws: TensorFileError.self) { try GGUFFile(path: path) }
      #expect(error?.code == .limitExceeded)
    }
  }

  @Test func aStepThatIsNotFiniteIsRefused() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.gguf"
      var bytes = Self.whole
      // The upper byte of the half of block q.
      bytes[bytes.count - 96 + 1] = 0x7C
      try writePlainly(bytes, to: path)
      let error = #expect(throws: TensorFileError.self) {
        try GGUFFile(path: path).blocks(named: "q")
      }
      #expect(error?.code == .malformed)
    }
  }
}
