/// A text to train on, as bytes, cut into a training and a validation part.
///
/// Invalid UTF-8 and NUL bytes are kept, since the tokenizers work on bytes; a leading byte order mark
/// is removed, and CRLF becomes LF. The validation part is the last block of the text, so that its
/// sentences are not interleaved with trained ones.
public struct SourceText: Sendable {
  /// Where the text came from, for messages.
  public let name: String
  /// The part to train on.
  public let training: [UInt8]
  /// The part to measure on.
  public let validation: [UInt8]
  /// Whether the text is valid UTF-8.
  public let isValidUTF8: Bool

  /// The share of the text that is kept for validation, within `validationBytes`.
  static let validationShare = 0.05
  /// The bounds on the bytes kept for validation, which also never exceed a quarter of the text.
  static let validationBytes = 4_096...1_048_576
  /// How far the cut may move to reach the end of a line.
  private static let longestShift = 4_096

  /// Reads a file. Throws if it is missing, empty, not a file, or in UTF-16.
  public init(file path: String) throws(InputError) {
    try self.init(Self.bytes(ofFile: path), name: path)
  }

  /// A text of the given bytes. Throws if it is blank or in UTF-16.
  public init(_ bytes: [UInt8], name: String = "the text") throws(InputError) {
    let text = try Self.text(bytes, name: name)
    self.name = name
    isValidUTF8 = String(validating: text, as: UTF8.self) != nil
    let cut = Self.validationStart(in: text, of: text.count)
    training = Array(text[..<cut])
    validation = Array(text[cut...])
  }

  /// The non-empty lines of a file. Throws if it is missing or not a file.
  package static func lines(ofFile path: String) throws(InputError) -> [String] {
    let text = String(decoding: try bytes(ofFile: path), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).map(String.init)
  }

  /// The bytes of a file or a pipe. Throws when it is missing or no file.
  static func bytes(ofFile path: String) throws(InputError) -> [UInt8] {
    try ByteInput(path: path).rest()
  }

  /// The text with normalised line ends. Throws if it is blank or in UTF-16.
  static func text(_ bytes: [UInt8], name: String) throws(InputError) -> [UInt8] {
    try checkIsText(bytes, name: name)
    let text = normalized(bytes)
    guard text.contains(where: { !isSpace($0) }) else {
      throw InputError("\(name) holds no text. Give a plain text file with some words in it.")
    }
    return text
  }

  /// Throws where bytes begin as no text does that can be read: with the remedy.
  static func checkIsText(_ bytes: [UInt8], name: String) throws(InputError) {
    func begins(_ mark: [UInt8]) -> Bool { bytes.starts(with: mark) }
    if begins([0xFF, 0xFE]) || begins([0xFE, 0xFF]) {
      throw InputError(
        "\(name) is in UTF-16. Convert it first: iconv -f UTF-16 -t UTF-8 in.txt > out.txt")
    }
    let packers: [(mark: [UInt8], kind: String, command: String)] = [
      ([0x1F, 0x8B], "gzip", "gunzip -k"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd", "unzstd"),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz", "unxz -k"), ([0x50, 0x4B, 3, 4], "zip", "unzip"),
    ]
    if let packer = packers.first(where: { begins($0.mark) }) {
      throw InputError(
        "\(name) is compressed by \(packer.kind). Unpack it first: \(packer.command) \(name)")
    }
    if begins(Array("PAR1".utf8)) {
      throw InputError(
        "\(name) is a Parquet file. Write its rows as JSON Lines first, with pandas: "
          + "read_parquet(...).to_json(..., orient='records', lines=True)")
    }
  }

  /// Without a byte order mark and carriage returns before line feeds.
  static func normalized(_ bytes: [UInt8], isStart: Bool = true) -> [UInt8] {
    let start = isStart && bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard start > 0 || bytes.contains(0x0D) else { return bytes }
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count)
    for i in start..<bytes.count {
      if bytes[i] == 0x0D, i + 1 < bytes.count, bytes[i + 1] == 0x0A { continue }
      text.append(bytes[i])
    }
    return text
  }

  /// Where the validation part of a text of `count` bytes begins in the end of it that is given: behind a
  /// line where one ends near the wanted place, else between two characters.
  static func validationStart(in end: [UInt8], of count: Int) -> Int {
    let wanted = Int((Double(count) * validationShare).rounded())
    let clamped = min(max(wanted, validationBytes.lowerBound), validationBytes.upperBound)
    let start = max(0, end.count - min(clamped, count / 4))
    let limit = min(longestShift, (end.count - start) / 2)
    if let line = end[start..<start + limit].firstIndex(of: 0x0A) { return line + 1 }
    // Continuation bytes of a character are 10xxxxxx.
    return end[start..<min(start + 4, end.count)].firstIndex { $0 & 0xC0 != 0x80 } ?? start
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
