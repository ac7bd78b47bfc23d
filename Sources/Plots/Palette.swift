/// The colours of all pages and pictures.
package struct Palette: Sendable {
  package let ground, surface, rule, ink, soft: String
  package let blue, sky, green, amber, rose: String
  package let raw, merge: String

  package static let light = Palette(
    ground: "#ffffff", surface: "#f6f7f9", rule: "#e1e5ea", ink: "#16202c", soft: "#5a6675",
    blue: "#0b62b8", sky: "#4ba3e3", green: "#0a8f6a", amber: "#d98200", rose: "#b3488c",
    raw: "#9bbfe3", merge: "#a9b2bd")
  package static let dark = Palette(
    ground: "#12171e", surface: "#1a212a", rule: "#2c3642", ink: "#e7ecf2", soft: "#9aa7b5",
    blue: "#5aa9f5", sky: "#a5d3fb", green: "#35b892", amber: "#f0a83a", rose: "#dd83bd",
    raw: "#3a6a9b", merge: "#566373")

  /// The colours as style sheet properties such as `--ground`, on lines indented by `space`.
  package func properties(after space: String) -> Markup {
    let lines = [
      [("ground", ground), ("surface", surface), ("rule", rule), ("ink", ink), ("soft", soft)],
      [("blue", blue), ("sky", sky), ("green", green), ("amber", amber), ("rose", rose)],
      [("raw", raw), ("merge", merge)],
    ]
    return Markup(
      lines.map { line -> Markup in
        "\(space)\(line.map { "--\($0.0): \($0.1);" }.joined(separator: " "))"
      })
  }

  /// The colours of a chart's series in order.
  package var series: [String] { [blue, amber, green, rose] }
}
