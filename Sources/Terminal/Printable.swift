/// A text without what a terminal would obey: control characters other than line ends and tabs are shown
/// as U+FFFD.
package func printable(_ text: String) -> String {
  String(
    String.UnicodeScalarView(
      text.unicodeScalars.map { scalar in
        let isControl =
          scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
        return isControl ? "\u{FFFD}" : scalar
      }))
}
