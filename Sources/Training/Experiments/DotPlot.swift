/// Rows of dots on one scale: a dot a seed, the mean, and a bar of two standard errors to either side.
struct DotPlot {
  /// A row.
  struct Row {
    var name: String
    var values: [(label: String, value: Double)]
    /// The text right of the row.
    var text: String
    /// Whether it is drawn as the one that the others are compared with.
    var isReference = false
  }

  /// What the chart shows, for those who cannot see it.
  var summary: String
  var xTitle: String
  var rows: [Row]

  private let left = 140.0
  private let right = 120.0
  private let rowHeight = 26.0

  /// The chart at a width in pixels of the style sheet.
  func svg(width: Double) -> Markup {
    let height = rowHeight * Double(rows.count) + 52
    return """
      <svg viewBox="0 0 \(width) \(height)" role="img" aria-label="\(summary)">
      \(content(width: width))
      </svg>
      """
  }

  /// The chart as a file of its own.
  func file(width: Double) -> String {
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
    let reference = rows.first(where: \.isReference).map {
      let mean = SampleStatistics($0.values.map(\.value)).mean
      return """
        <line class="zero" x1="\(x(mean))" x2="\(x(mean))" y1="0" y2="\(bottom)"/>
        """ as Markup
    }
    let marks = rows.enumerated().map { index, row -> Markup in
      let y = rowHeight * (Double(index) + 0.5) + 4
      let statistics = SampleStatistics(row.values.map(\.value))
      let error = statistics.standardError.map { error -> Markup in
        """
        <line class="error" x1="\(x(statistics.mean - 2 * error))" \
        x2="\(x(statistics.mean + 2 * error))" y1="\(y)" y2="\(y)"/>
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
        <line class="mean" x1="\(x(statistics.mean))" x2="\(x(statistics.mean))" \
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
