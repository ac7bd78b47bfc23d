import Foundation
import Tokenization

/// A text that appears on the terminal as its tokens come: whole letters only, and no control characters.
struct StreamedText {
  private var tokens: [Int32] = []
  /// What has been shown of the decoded tokens.
  private var shown = ""

  /// A text that begins with the prompt.
  init(_ prompt: String) { show(prompt) }

  /// Adds a token; false when one of the texts to stop at has appeared.
  mutating func append(_ token: Int32, _ tokenizer: any Tokenizer, stop: [String]) -> Bool {
    tokens.append(token)
    var text = tokenizer.decode(tokens)
    // A letter of several tokens is shown when it is whole.
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

  /// The text without what a terminal would obey: other control characters than line ends and tabs are
  /// shown as `\u{FFFD}`.
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
    // A reader that has gone is no reason to fail.
    try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
  }
}
