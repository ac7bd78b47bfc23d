/// A text whose lines have at most `width` characters, broken at spaces where they are longer; what follows a
/// break is indented by two. Words that are longer than a line stay whole.
package func wrapped(_ text: String, to width: Int) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
    guard line.count > width else { return String(line) }
    var lines: [String] = []
    var current = ""
    // Several spaces in a row, as in tables, stay within a line.
    for word in line.split(separator: " ", omittingEmptySubsequences: false) {
      let isFirst = current.isEmpty
      if !isFirst, current.count + 1 + word.count > width {
        lines.append(current)
        current = "  " + word
      } else {
        current += (isFirst ? "" : " ") + word
      }
    }
    return (lines + [current]).joined(separator: "\n")
  }.joined(separator: "\n")
}
