/// Rows of dots on one scale: one dot per seed, the mean, and a bar of two standard errors on each side.
package struct DotPlot {
  /// A row.
  package struct Row {
    package var name: String
    package var values: [(label: String, value: Double)]
    /// The text right of the row.
    package var text: String
    /// The mean of the values; drawn if there are any.
    package var mean: Double
    /// The standard error of the mean, or nil if the values have none.
    package var standardError: Double?
    /// Whether the row is drawn as the reference of the others.
    package var isReference: Bool

    package init(
      name: String, values: [(label: String, value: Double)], text: String, mean: Double,
      standardError: Double?, isReference: Bool = false
    ) {
      self.name = name
      self.values = values
      self.text = text
      self.mean = mean
      self.standardError = standardError
      self.isReference = isReference
    }
  }

  /// What the chart shows, for screen readers.
  package var summary: String
  package var xTitle: String
  package var rows: [Row]

  package init(summary: String, xTitle: String, rows: [Row]) {
    self.summary = summary
    self.xTitle = xTitle
    self.rows = rows
  }

  private let left = 140.0
  private let right = 120.0
  private let rowHeight = 26.0

  /// The chart at a width in pixels of the style sheet.
  package func svg(width: Double) -> Markup {
    let height = rowHeight * Double(rows.count) + 52
    return """
      <svg viewBox="0 0 \(width) \(height)" role="img" aria-label="\(summary)">
      \(content(width: width))
      </svg>
      """
  }

  /// The chart as a standalone SVG file.
  package func file(width: Double) -> String {
    let height = rowHeight * Double(rows.count) + 52
    return DrawingFile(
      summary: summary, width: width, height: height, content: content(width: width)
    ).text
  }

  private func content(width: Double) -> Markup {
    let axis = Axis(rows.flatMap { $0.values.map(\.value) }, ticks: 6)
    let plot = width - left - right
    func x(_ value: Double) -> Double { left + max(0, min(1, axis.fraction(value))) * plot }
    let bottom = rowHeight * Double(rows.count) + 8
    let grid = axis.ticks.map { tick -> Markup in
      """
      <line class="grid" x1="\(x(tick))" x2="\(x(tick))" y1="0" y2="\(bottom)"/>\
      <text class="tick" x="\(x(tick))" y="\(bottom + 16)" text-anchor="middle">\
      \(axis.label(tick))</text>
      """
    }
    let reference = rows.first(where: \.isReference).map { row -> Markup in
      """
      <line class="zero" x1="\(x(row.mean))" x2="\(x(row.mean))" y1="0" y2="\(bottom)"/>
      """
    }
    let marks = rows.enumerated().map { index, row -> Markup in
      let y = rowHeight * (Double(index) + 0.5) + 4
      let error = row.standardError.map { error -> Markup in
        """
        <line class="error" x1="\(x(row.mean - 2 * error))" \
        x2="\(x(row.mean + 2 * error))" y1="\(y)" y2="\(y)"/>
        """
      }
      let dots = row.values.map { dot -> Markup in
        """
        <circle class="measure" cx="\(x(dot.value))" cy="\(y)" r="4">\
        <title>\(row.name), \(dot.label)</title></circle>
        """
      }
      let mean: Markup =
        row.values.isEmpty
        ? .empty
        : """
        <line class="mean" x1="\(x(row.mean))" x2="\(x(row.mean))" \
        y1="\(y - 8)" y2="\(y + 8)"/>
        """
      return """
        <text class="name" x="\(left - 10)" y="\(y + 4)" text-anchor="end">\(row.name)</text>
        \(error ?? .empty)
        \(dots)
        \(mean)
        <text class="value" x="\(width - right + 12)" y="\(y + 4)">\(row.text)</text>
        """
    }
    return """
      \(grid)
      \(reference ?? .empty)
      \(marks)
      <text class="title" x="\(left + plot)" y="\(bottom + 36)" text-anchor="end">\(xTitle)</text>
      """
  }
}
