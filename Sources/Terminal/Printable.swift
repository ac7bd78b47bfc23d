/// A text safe to print on a terminal: control characters other than line feeds and tabs become U+FFFD.
package func printable(_ text: String) -> String {
  String(
    String.UnicodeScalarView(
      text.unicodeScalars.map { scalar in
        let isControl =
          scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
        return isControl ? "\u{FFFD}" : scalar
      }))
}
