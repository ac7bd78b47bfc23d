/// A drawing as an SVG file of its own, on a white ground.
package struct DrawingFile {
  /// What it shows, for those who cannot see it.
  package var summary: String
  package var width: Double
  package var height: Double
  package var content: Markup

  package init(summary: String, width: Double, height: Double, content: Markup) {
    self.summary = summary
    self.width = width
    self.height = height
    self.content = content
  }

  package var text: String {
    let file: Markup = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
      viewBox="0 0 \(width) \(height)" role="img" aria-label="\(summary)">
      <style>\(Self.styleSheet)</style>
      <rect width="\(width)" height="\(height)" fill="#ffffff"/>
      \(content)
      </svg>

      """
    return file.text
  }

  /// The page's colours on a light ground.
  private static let styleSheet: Markup = """
    text { font: 12px system-ui, sans-serif; fill: #5a6675; font-variant-numeric: tabular-nums; }
    .name, .value { fill: #16202c; } .title { fill: #5a6675; }
    .grid { stroke: #e1e5ea; } .axis { stroke: #a9b2bd; }
    .zero { stroke: #a9b2bd; stroke-dasharray: 3 3; }
    .error { stroke: #9bbfe3; stroke-width: 6; stroke-linecap: round; }
    circle { fill: #0b62b8; stroke: #ffffff; } .mean { stroke: #16202c; stroke-width: 2; }
    polyline { fill: none; stroke-linejoin: round; }
    \(SeriesStyle.rules(colors: ["#0b62b8", "#d98200", "#0a8f6a", "#b3488c"]))
    """
}
