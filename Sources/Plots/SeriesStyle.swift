/// The styles of a chart's series, with colours that repeat after four.
package enum SeriesStyle {
  private static let count = 4

  /// The style sheet class of a series.
  package static func name(_ index: Int) -> String { "family\(index % count)" }

  /// The style sheet rules of all series.
  package static func rules(colors: [String]) -> Markup {
    precondition(colors.count == count, "SeriesStyle.rules: \(colors.count) colours, not 4")
    return Markup(
      colors.enumerated().map { index, color -> Markup in
        let style = name(index)
        return """
          polyline.\(style) { stroke: \(color); stroke-width: 2; }
          line.\(style) { stroke: \(color); stroke-opacity: .3; stroke-width: 6; \
          stroke-linecap: round; }
          circle.\(style) { fill: \(color); } .legend .\(style) { border-color: \(color); }
          """
      } + ["circle.seed { stroke: none; }"])
  }
}
