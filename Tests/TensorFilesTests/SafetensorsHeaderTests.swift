import TensorFiles
import Tensors
import TestSupport
import Testing

/// The bytes of a safetensors file with any header, valid or not.
func rawSafetensors(_ header: [UInt8], dataLength: Int, announcedLength: UInt64? = nil) -> [UInt8] {
  let length = announcedLength ?? UInt64(header.count)
  return (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + header
    + [UInt8](repeating: 0, count: dataLength)
}

func rawSafetensors(_ header: String, dataLength: Int) -> [UInt8] {
  rawSafetensors(Array(header.utf8), dataLength: dataLength)
}

struct MalformedFile: Sendable, CustomTestStringConvertible {
  var rule: String
  var bytes: [UInt8]
  var code: TensorFileError.Code
  var message: String

  init(_ rule: String, _ bytes: [UInt8], _ code: TensorFileError.Code, _ message: String) {
    self.rule = rule
    self.bytes = bytes
    self.code = code
    self.message = message
  }

  init(
    _ rule: String, _ header: String, data: Int = 4, _ code: TensorFileError.Code, _ message: String
  ) {
    self.init(rule, rawSafetensors(header, dataLength: data), code, message)
  }

  init(_ rule: String, _ header: String, data: Int = 4, _ message: String) {
    self.init(rule, header, data: data, .malformed, message)
  }

  var testDescription: String { rule }

  /// A header with one tensor of four bytes, with one field replaced.
  static func tensor(
    dtype: String = "\"F32\"", shape: String = "[1]", offsets: String = "[0,4]"
  ) -> String {
    #"{"a":{"dtype":\#(dtype),"shape":\#(shape),"data_offsets":\#(offsets)}}"#
  }

  static let good = tensor()

  static let all: [MalformedFile] = [
    // The frame.
    .init("empty file", [], .truncated, "at least 8"),
    .init("seven bytes", [2, 0, 0, 0, 0, 0, 0], .truncated, "at least 8"),
    .init("no header", [2, 0, 0, 0, 0, 0, 0, 0], .truncated, "length of 2"),
    .init(
      "header past the end", rawSafetensors(Array("{}".utf8), dataLength: 0, announcedLength: 3),
      .truncated, "length of 3"),
    .init(
      "header over 100 MB",
      rawSafetensors(Array("{}".utf8), dataLength: 0, announcedLength: 100_000_001), .limitExceeded,
      "at most 100000000"),
    .init(
      "header of 2^63 bytes",
      rawSafetensors(Array("{}".utf8), dataLength: 0, announcedLength: 1 << 63), .limitExceeded,
      "at most 100000000"),
    .init(
      "header of 2^64 - 1 bytes",
      rawSafetensors(Array("{}".utf8), dataLength: 0, announcedLength: .max), .limitExceeded,
      "at most 100000000"),
    .init("header of no bytes", rawSafetensors("", dataLength: 0), .malformed, "'{'"),
    .init("file longer than its tensors", good, data: 5, "5 bytes of tensors, expected 4"),
    .init("file shorter than its tensors", good, data: 3, .truncated, "3 bytes of tensors"),
    .init("data without tensors", "{}", data: 1, "1 bytes of tensors, expected 0"),

    // The text.
    .init("not starting with a brace", " " + good, "'{'"),
    .init("byte order mark", "\u{feff}" + good, "'{'"),
    .init("not an object", "[]", data: 0, "'{'"),
    .init("not JSON", "{]", data: 0, "']'"),
    .init("unfinished", #"{"a":{"dtype":"F32""#, "the text ends"),
    .init("trailing data", good + "x", "'x'"),
    .init("second object", good + "{}", "'{'"),
    .init("trailing NUL", good + "\u{0}", "byte 0x0"),
    .init(
      "not UTF-8",
      rawSafetensors(Array(#"{"a"#.utf8) + [0xff] + Array(good.utf8.dropFirst(3)), dataLength: 4),
      .malformed, "UTF-8"),
    .init(
      "surrogate in UTF-8",
      rawSafetensors(
        Array(#"{"__metadata__":{"a":""#.utf8) + [0xed, 0xa0, 0x80] + Array("\"}}".utf8),
        dataLength: 0), .malformed, "UTF-8"),
    .init("lone surrogate escaped", #"{"\udc00":1}"#, data: 0, "surrogate"),
    .init(
      "nesting", "{\"a\":" + String(repeating: "[", count: 100_000), data: 0, .typeMismatch,
      "an object"),
    .init(
      "nesting in an unused field",
      "{\"a\":{\"x\":" + String(repeating: "[", count: 100_000), data: 0, .limitExceeded,
      "deeper than 128"),
    .init(
      "duplicate tensor",
      #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"#
        + #""a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#, data: 0, .duplicate, "'a'"),
    .init(
      "duplicate tensor, escaped",
      #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"#
        + #""\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#, data: 0, .duplicate,
      "'a'"),
    .init(
      "duplicate field", #"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
      .duplicate, "'dtype'"),
    .init(
      "duplicate metadata block", #"{"__metadata__":{},"__metadata__":{}}"#, data: 0, .duplicate,
      "__metadata__"),
    .init(
      "duplicate metadata key", #"{"__metadata__":{"k":"1","k":"2"}}"#, data: 0, .duplicate, "'k'"),

    // Metadata.
    .init("metadata is a string", #"{"__metadata__":"x"}"#, data: 0, .typeMismatch, "an object"),
    .init("metadata is null", #"{"__metadata__":null}"#, data: 0, .typeMismatch, "an object"),
    .init("metadata holds a number", #"{"__metadata__":{"k":1}}"#, data: 0, .typeMismatch, "'k'"),
    .init("metadata is nested", #"{"__metadata__":{"k":{}}}"#, data: 0, .typeMismatch, "'k'"),

    // Fields.
    .init("tensor is a number", #"{"a":1}"#, data: 0, .typeMismatch, "an object"),
    .init("tensor is empty", #"{"a":{}}"#, data: 0, .missing, "'dtype'"),
    .init("no dtype", #"{"a":{"shape":[1],"data_offsets":[0,4]}}"#, .missing, "'dtype'"),
    .init("no shape", #"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, .missing, "'shape'"),
    .init("no offsets", #"{"a":{"dtype":"F32","shape":[1]}}"#, .missing, "'data_offsets'"),
    .init("dtype is a number", tensor(dtype: "32"), .typeMismatch, "a string"),
    .init("dtype is null", tensor(dtype: "null"), .typeMismatch, "a string"),
    .init("dtype is unknown", tensor(dtype: "\"F33\""), .unsupported, "'F33'"),
    .init("dtype in lower case", tensor(dtype: "\"f32\""), .unsupported, "'f32'"),
    .init("dtype is empty", tensor(dtype: "\"\""), .unsupported, "''"),
    .init("shape is a number", tensor(shape: "1"), .typeMismatch, "an array"),
    .init("shape is an object", tensor(shape: "{}"), .typeMismatch, "an array"),
    .init("size is a string", tensor(shape: "[\"1\"]"), .typeMismatch, "a number"),
    .init("size is null", tensor(shape: "[null]"), .typeMismatch, "a number"),
    .init("size is an array", tensor(shape: "[[1]]"), .typeMismatch, "a number"),
    .init("size is negative", tensor(shape: "[-1]"), "-1"),
    .init("size is minus zero", tensor(shape: "[-0]"), "-0"),
    .init("two negative sizes", tensor(shape: "[-1,-1]"), "-1"),
    .init("size is fractional", tensor(shape: "[1.5]"), "1.5"),
    .init("size is written as fraction", tensor(shape: "[1.0]"), "1.0"),
    .init("size has an exponent", tensor(shape: "[1e0]"), "1e0"),
    .init("size beyond 64 bits", tensor(shape: "[18446744073709551616]"), "18446744073709551616"),
    .init(
      "too many axes",
      tensor(shape: "[" + Array(repeating: "1", count: 65).joined(separator: ",") + "]"),
      .limitExceeded, "at most 64"),
    .init(
      "shape product overflows", tensor(shape: "[4294967296,4294967296]"), "overflows"),
    .init(
      "shape product overflows to the right size",
      tensor(shape: "[4294967296,4294967296,1]"), "overflows"),
    .init(
      "byte count overflows", tensor(shape: "[4611686018427387904]"), "overflows"),
    .init(
      "shape product overflows before a zero",
      tensor(shape: "[4294967296,4294967296,0]", offsets: "[0,0]"), data: 0, "overflows"),
    .init("offsets are a number", tensor(offsets: "4"), .typeMismatch, "an array"),
    .init("offsets are empty", tensor(offsets: "[]"), "[begin, end]"),
    .init("one offset", tensor(offsets: "[0]"), "[begin, end]"),
    .init("three offsets", tensor(offsets: "[0,4,8]"), .limitExceeded, "at most 2"),
    .init("offset is a string", tensor(offsets: "[0,\"4\"]"), .typeMismatch, "a number"),
    .init("offset is negative", tensor(offsets: "[-4,0]"), "-4"),
    .init("offset is fractional", tensor(offsets: "[0,4.0]"), "4.0"),
    .init(
      "offset beyond 64 bits", tensor(offsets: "[0,18446744073709551620]"), "18446744073709551620"),
    .init("end before begin", tensor(offsets: "[4,0]"), "[4, 0]"),
    .init("too many bytes", tensor(offsets: "[0,8]"), data: 8, "4 bytes for F32 [1]"),
    .init("too few bytes", tensor(offsets: "[0,3]"), data: 3, "4 bytes for F32 [1]"),
    .init("bytes for an empty tensor", tensor(shape: "[0]"), "0 bytes for F32 [0]"),
    .init("none for a scalar", tensor(shape: "[]", offsets: "[0,0]"), data: 0, "4 bytes"),

    // Layout.
    .init("first tensor not at 0", tensor(offsets: "[4,8]"), data: 8, "a gap before it"),
    .init(
      "empty tensor not at 0", tensor(shape: "[0]", offsets: "[4,4]"), data: 4, "a gap before it"),
    .init(
      "hole",
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
        + #""b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}"#, data: 5, "a gap before it"),
    .init(
      "overlap",
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
        + #""b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, data: 3, "an overlap"),
    .init(
      "same bytes twice",
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
        + #""b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, data: 2, "an overlap"),
    .init(
      "end beyond the file", tensor(shape: "[2]", offsets: "[0,8]"), data: 4, .truncated,
      "expected 8"),
    .init(
      "end near 2^63",
      #"{"a":{"dtype":"U8","shape":[9223372036854775807],"#
        + #""data_offsets":[0,9223372036854775807]}}"#, data: 4, .truncated,
      "9223372036854775807"),
  ]
}

@Suite struct SafetensorsHeaderTests {
  @Test(arguments: MalformedFile.all)
  func malformedFilesAreRefusedForTheirOwnFault(file: MalformedFile) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      try writePlainly(file.bytes, to: path)
      let error = #expect(throws: TensorFileError.self) { try SafetensorsFile(path: path) }
      let text = error?.description ?? ""
      #expect(error?.code == file.code, "\(text)")
      #expect(text.hasPrefix(path) && text.contains(file.message), "\(text)")
    }
  }

  @Test(
    arguments: [
      ("{}", 0, 0), ("{}      ", 0, 0), ("{}\n\t", 0, 0), (MalformedFile.good, 4, 1),
      (MalformedFile.good + "   ", 4, 1), (#"{"__metadata__":{}}"#, 0, 0),
      (MalformedFile.tensor(shape: "[]"), 4, 1),
      (MalformedFile.tensor(shape: "[1,1,1,1]"), 4, 1),
      (MalformedFile.tensor(shape: "[0]", offsets: "[0,0]"), 0, 1),
      (MalformedFile.tensor(shape: "[3,0,5]", offsets: "[0,0]"), 0, 1),
      (
        MalformedFile.tensor(dtype: "\"U8\"", shape: "[0,4611686018427387903]", offsets: "[0,0]"),
        0, 1
      ),
      (#"{"a":{"data_offsets":[0,4],"shape":[1],"note":[{}],"dtype":"F32"}}"#, 4, 1),
      // Data not in the order of names, and empty tensors between others.
      (
        #"{"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]},"#
          + #""e":{"dtype":"U8","shape":[0],"data_offsets":[3,3]},"#
          + #""__metadata__":{"x":"y"},"z":{"dtype":"I16","shape":[0],"data_offsets":[4,4]},"#
          + #""a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, 4, 4
      ),
      (#"{"":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}"#, 4, 1),
    ] as [(String, Int, Int)])
  func unusualFilesAreAccepted(header: String, dataLength: Int, count: Int) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      try writePlainly(rawSafetensors(header, dataLength: dataLength), to: path)
      let file = try SafetensorsFile(path: path)
      #expect(file.names.count == count)
      for name in file.names { _ = try file.bytes(named: name) }
    }
  }

  @Test(
    arguments: [
      .init(
        "many keys",
        #"{"__metadata__":{"#
          + (0...(1 << 18)).map { "\"\($0)\":\"\"" }.joined(separator: ",") + "}}",
        data: 0, .limitExceeded, "262144 keys"),
      .init(
        "long text",
        #"{"__metadata__":{"a":""# + String(repeating: "x", count: 1 << 24) + #""}}"#, data: 0,
        .limitExceeded, "16777216 bytes"),
      .init(
        "long name with an escape", #"{"\n"# + String(repeating: "x", count: 1 << 24), data: 0,
        .limitExceeded, "16777216 bytes"),
    ] as [MalformedFile])
  func whatWouldCostMuchMoreMemoryThanTheFileIsRefused(file: MalformedFile) throws {
    try malformedFilesAreRefusedForTheirOwnFault(file: file)
  }

  @Test func messagesDoNotRepeatHostileNames() throws {
    try withTemporaryFolder { folder in
      let name = String(repeating: "x", count: 10_000) + #"\u001b[2J"#
      let header = "{\"\\u001b[2J\(name)\":1}"
      try writePlainly(rawSafetensors(header, dataLength: 0), to: folder + "/a")
      let error = #expect(throws: TensorFileError.self) { try SafetensorsFile(path: folder + "/a") }
      let text = error?.description ?? ""
      #expect(text.count < 500)
      #expect(!text.unicodeScalars.contains("\u{1b}"))
    }
  }
}
