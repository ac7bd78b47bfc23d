/// SentencePiece's spelling of spaces as marks, with an additional mark before a text.
struct Metaspace: Equatable, Sendable {
  /// The pieces of text that get a mark in front if they do not begin with one.
  enum Scheme: String, Equatable, Sendable {
    case always, first, never
  }

  /// The replacement of a space.
  var mark: [UInt8]
  var scheme: Scheme

  /// The usual mark, U+2581.
  static let mark: [UInt8] = [0xE2, 0x96, 0x81]

  /// Appends `text` with its spaces as marks.
  func write(_ text: ArraySlice<UInt8>, isFirst: Bool, to output: inout [UInt8]) {
    let begins = text.first == UInt8(ascii: " ") || text.starts(with: mark)
    if !begins, scheme == .always || scheme == .first && isFirst { output += mark }
    for byte in text {
      if byte == UInt8(ascii: " ") { output += mark } else { output.append(byte) }
    }
  }
}
