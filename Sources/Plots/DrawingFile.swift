/// A drawing as a standalone SVG file on a white background.
package struct DrawingFile {
  /// What the drawing shows, for screen readers.
  package var summary: String
  package var width: Double
  package var height: Double
  /// Style sheet rules beyond those of charts.
  package var rules: Markup
  package var content: Markup

  package init(
    summary: String, width: Double, height: Double, rules: Markup = .empty, content: Markup
  ) {
    self.summary = summary
    self.width = width
    self.height = height
    self.rules = rules
    self.content = content
  }

  package var text: String {
    let colors = Palette.light
    let file: Markup = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
      viewBox="0 0 \(width) \(height)" role="img" aria-label="\(summary)">
      <style>\(Self.styleSheet(colors))\(rules.text.isEmpty ? "" : "\n")\(rules)</style>
      <rect width="\(width)" height="\(height)" fill="\(colors.ground)"/>
      \(content)
      </svg>

      """
    return file.text
  }

  /// The heading of a drawing, which needs `headingRule`.
  package static func heading(_ text: String) -> Markup {
    "<text class=\"heading\" x=\"20\" y=\"30\">\(text)</text>"
  }

  /// The style sheet rule of headings.
  package static var headingRule: Markup {
    ".heading { font-size: 15px; font-weight: 650; fill: \(Palette.light.ink); }"
  }

  private static func styleSheet(_ colors: Palette) -> Markup {
    """
    text { font: 12px system-ui, sans-serif; fill: \(colors.soft); \
    font-variant-numeric: tabular-nums; }
    .name, .value { fill: \(colors.ink); } .title { fill: \(colors.soft); }
    .grid { stroke: \(colors.rule); } .axis { stroke: \(colors.merge); }
    .zero { stroke: \(colors.merge); stroke-dasharray: 3 3; }
    .error { stroke: \(colors.raw); stroke-width: 6; stroke-linecap: round; }
    circle { fill: \(colors.blue); stroke: \(colors.ground); } \
    .mean { stroke: \(colors.ink); stroke-width: 2; }
    polyline { fill: none; stroke-linejoin: round; }
    \(SeriesStyle.rules(colors: colors.series))
    """
  }
}
