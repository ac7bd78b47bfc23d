#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

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
    let cut = Self.validationStart(in: text)
    training = Array(text[..<cut])
    validation = Array(text[cut...])
  }

  /// The non-empty lines of a file. Throws if it is missing or not a file.
  package static func lines(ofFile path: String) throws(InputError) -> [String] {
    let text = String(decoding: try bytes(ofFile: path), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).map(String.init)
  }

  /// The bytes of a file. Throws if it is missing or not a file.
  static func bytes(ofFile path: String) throws(InputError) -> [UInt8] {
    var isFolder = false
    #if canImport(FoundationEssentials)
      let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    #else
      var objectiveIsFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: path, isDirectory: &objectiveIsFolder)
      isFolder = objectiveIsFolder.boolValue
    #endif
    guard exists else {
      throw InputError("There is no text file \(path). Give the path of a plain text file.")
    }
    guard !isFolder else {
      throw InputError("\(path) is a folder. Give the path of a plain text file.")
    }
    do {
      return Array(try Data(contentsOf: URL(filePath: path)))
    } catch {
      throw InputError("The text file \(path) cannot be read. Check its permissions.")
    }
  }

  /// The text with normalised line ends. Throws if it is blank or in UTF-16.
  static func text(_ bytes: [UInt8], name: String) throws(InputError) -> [UInt8] {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw InputError(
        "\(name) is in UTF-16. Convert it first: iconv -f UTF-16 -t UTF-8 in.txt > out.txt")
    }
    let text = normalized(bytes)
    guard text.contains(where: { !isSpace($0) }) else {
      throw InputError("\(name) holds no text. Give a plain text file with some words in it.")
    }
    return text
  }

  /// Removes a byte order mark, and carriage returns before line feeds.
  private static func normalized(_ bytes: [UInt8]) -> [UInt8] {
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard start > 0 || bytes.contains(0x0D) else { return bytes }
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count)
    for i in start..<bytes.count {
      if bytes[i] == 0x0D, i + 1 < bytes.count, bytes[i + 1] == 0x0A { continue }
      text.append(bytes[i])
    }
    return text
  }

  /// The start of the validation part: after a line that ends near the wanted position, or else between
  /// two characters.
  private static func validationStart(in text: [UInt8]) -> Int {
    let wanted = Int((Double(text.count) * validationShare).rounded())
    let clamped = min(max(wanted, validationBytes.lowerBound), validationBytes.upperBound)
    let start = text.count - min(clamped, text.count / 4)
    let limit = min(longestShift, (text.count - start) / 2)
    if let line = text[start..<start + limit].firstIndex(of: 0x0A) { return line + 1 }
    // Continuation bytes of a character are 10xxxxxx.
    return text[start..<min(start + 4, text.count)].firstIndex { $0 & 0xC0 != 0x80 } ?? start
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
