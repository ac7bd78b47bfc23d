import Foundation
import Tokenization

/// Text printed to the terminal token by token: whole characters only, and no control characters.
struct StreamedText {
  private var tokens: [Int32] = []
  /// The part of the decoded tokens that has been printed.
  private var shown = ""

  /// A text that begins with the prompt.
  init(_ prompt: String) { show(prompt) }

  /// Adds a token and returns false when one of the texts to stop at has appeared.
  mutating func append(_ token: Int32, _ tokenizer: any Tokenizer, stop: [String]) -> Bool {
    tokens.append(token)
    var text = tokenizer.decode(tokens)
    // A character that spans several tokens is shown once it is complete.
    while text.unicodeScalars.last == "\u{FFFD}" { text.unicodeScalars.removeLast() }
    let end = stop.filter { !$0.isEmpty }.compactMap { text.range(of: $0)?.lowerBound }.min()
    if let end { text = String(text[..<end]) }
    if text.hasPrefix(shown) {
      show(String(text.dropFirst(shown.count)))
      shown = text
    }
    return end == nil
  }

  /// Ends the line.
  func finish() { write("\n") }

  private func show(_ text: String) { write(Self.printable(text)) }

  /// The text with control characters, which a terminal would obey, shown as `\u{FFFD}`; line ends and
  /// tabs stay.
  static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          let isControl =
            scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
          return isControl ? "\u{FFFD}" : scalar
        }))
  }

  private func write(_ text: String) {
    // A closed pipe is not an error.
    try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
  }
}
