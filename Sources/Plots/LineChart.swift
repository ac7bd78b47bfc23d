/// A point in the units of the data.
package struct ChartPoint {
  package var x: Double
  package var y: Double

  package init(x: Double, y: Double) {
    self.x = x
    self.y = y
  }

  /// Whether a chart can show it.
  package var canShow: Bool { Axis.canShow(x) && Axis.canShow(y) }
}

/// Lines, dots and markers over two axes.
package struct LineChart {
  /// An element of the chart; `style` names a class of the style sheet.
  package enum Layer {
    /// A line with gaps where numbers are missing.
    case line([ChartPoint], style: String)
    /// Dots with tooltips, with a radius in pixels unless they are dense.
    case dots([(point: ChartPoint, tooltip: String)], style: String, radius: Double = 4)
    /// Vertical bars from `low` to `high`.
    case ranges([(x: Double, low: Double, high: Double)], style: String)
    /// Vertical lines over the whole height, with tooltips.
    case markers([(x: Double, tooltip: String)], style: String)
    /// Text to the right of a point.
    case label(ChartPoint, text: String, style: String)
  }

  /// What the chart shows, for screen readers.
  package var summary: String
  package var xTitle: String
  package var yTitle: String
  package var x: Axis
  package var y: Axis
  /// The label of a tick on the vertical axis.
  package var yLabel: (Axis, Double) -> String = { $0.label($1) }
  package var layers: [Layer]

  package init(
    summary: String, xTitle: String, yTitle: String, x: Axis, y: Axis, layers: [Layer]
  ) {
    self.summary = summary
    self.xTitle = xTitle
    self.yTitle = yTitle
    self.x = x
    self.y = y
    self.layers = layers
  }

  /// The chart at a size in pixels of the style sheet.
  package func svg(width: Double, height: Double) -> Markup {
    """
    <svg viewBox="0 0 \(width) \(height)" role="img" aria-label="\(summary)">
    \(content(width: width, height: height))
    </svg>
    """
  }

  /// The chart's elements, for use inside a larger picture.
  package func content(width: Double, height: Double) -> Markup {
    let frame = Frame(chart: self, width: width, height: height)
    return """
      \(frame.grid)
      \(frame.plot)
      \(layers.map { $0.isLabel ? .empty : frame.markup($0) })
      </svg>
      \(layers.map { $0.isLabel ? frame.markup($0) : .empty })
      """
  }
}

extension LineChart.Layer {
  /// Whether this is a label. Labels may reach beyond the plot; everything else is clipped to it.
  fileprivate var isLabel: Bool {
    if case .label = self { true } else { false }
  }
}

/// The plot area of a chart in pixels.
private struct Frame {
  let chart: LineChart
  private let left = 44.0
  private let top = 30.0
  /// The space for dots at the edge of the plot.
  private let bleed = 6.0
  let width: Double
  let height: Double

  init(chart: LineChart, width: Double, height: Double) {
    self.chart = chart
    let right = chart.layers.contains(where: \.isLabel) ? 44.0 : 18
    self.width = width - left - right
    self.height = height - top - 44
  }

  func x(_ value: Double) -> Double { chart.x.fraction(value) * width }
  func y(_ value: Double) -> Double { (1 - chart.y.fraction(value)) * height }

  /// The opening tag of an inner picture with the plot's own coordinates.
  var plot: Markup {
    let (width, height) = (width + 2 * bleed, height + 2 * bleed)
    return """
      <svg class="plot" x="\(left - bleed)" y="\(top - bleed)" width="\(width)" \
      height="\(height)" viewBox="\(-bleed) \(-bleed) \(width) \(height)">
      """
  }

  var grid: Markup {
    let rows = chart.y.ticks.map { tick -> Markup in
      let y = top + y(tick)
      return """
        <line class="grid" x1="\(left)" x2="\(left + width)" y1="\(y)" y2="\(y)"/>\
        <text class="tick" x="\(left - 8)" y="\(y + 4)" text-anchor="end">\
        \(chart.yLabel(chart.y, tick))</text>
        """
    }
    let bottom = top + height
    let columns = chart.x.ticks.map { tick -> Markup in
      let x = left + x(tick)
      return """
        <line class="axis" x1="\(x)" x2="\(x)" y1="\(bottom)" y2="\(bottom + 4)"/>\
        <text class="tick" x="\(x)" y="\(bottom + 18)" text-anchor="middle">\
        \(chart.x.label(tick))</text>
        """
    }
    return """
      \(rows)
      <line class="axis" x1="\(left)" x2="\(left + width)" y1="\(bottom)" y2="\(bottom)"/>
      \(columns)
      <text class="title" x="0" y="12">\(chart.yTitle)</text>
      <text class="title" x="\(left + width)" y="\(bottom + 38)" text-anchor="end">\
      \(chart.xTitle)</text>
      """
  }

  func markup(_ layer: LineChart.Layer) -> Markup {
    switch layer {
    case .line(let points, let style): line(points, style)
    case .dots(let dots, let style, let radius):
      Markup(
        reduced(dots) { $0.point }.map { dot in
          """
          <circle class="\(style)" cx="\(x(dot.point.x))" cy="\(y(dot.point.y))" \
          r="\(isDense(dots.count) ? min(radius, 2.5) : radius)">\
          <title>\(dot.tooltip)</title></circle>
          """
        })
    case .ranges(let ranges, let style):
      Markup(
        reduced(ranges) { ChartPoint(x: $0.x, y: abs($0.low) + abs($0.high)) }.map { range in
          """
          <line class="\(style)\(isDense(ranges.count) ? " dense" : "")" \
          x1="\(x(range.x))" x2="\(x(range.x))" y1="\(y(range.low))" y2="\(y(range.high))"/>
          """
        })
    case .markers(let markers, let style):
      Markup(
        reduced(markers) { ChartPoint(x: $0.x, y: chart.y.lower) }.map { marker in
          let x = x(marker.x)
          return """
            <g class="\(style)"><title>\(marker.tooltip)</title>\
            <line class="target" x1="\(x)" x2="\(x)" y1="0" y2="\(height)"/>\
            <line x1="\(x)" x2="\(x)" y1="0" y2="\(height)"/></g>
            """
        })
    case .label(let point, let text, let style):
      point.canShow
        ? """
        <text class="\(style)" x="\(left + x(point.x) + 8)" y="\(top + y(point.y) + 4)">\
        \(text)</text>
        """ : .empty
    }
  }

  /// Whether marks at equal distances would touch.
  private func isDense(_ count: Int) -> Bool { Double(count) > width / 10 }

  /// One polyline for each run of points that can be shown.
  private func line(_ points: [ChartPoint], _ style: String) -> Markup {
    Markup(
      points.split { !$0.canShow }.map { run in
        let places = reduced(run.map { (x: x($0.x), y: y($0.y)) }).map { place -> Markup in
          "\(place.x),\(place.y)"
        }
        let density = Double(run.count) > width ? " dense" : ""
        return "<polyline class=\"\(style)\(density)\" points=\"\(places)\"/>"
      })
  }

  /// At most four points per pixel column, which draw the same line: the first, the lowest, the
  /// highest and the last.
  private func reduced(_ places: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard Double(places.count) > 2 * width else { return places }
    var result: [(x: Double, y: Double)] = []
    var start = 0
    while start < places.count {
      let column = places[start].x.rounded(.down)
      let end = places[start...].firstIndex { $0.x.rounded(.down) != column } ?? places.count
      let extremes = (start..<end).reduce(into: (low: start, high: start)) { extremes, index in
        if places[index].y < places[extremes.low].y { extremes.low = index }
        if places[index].y > places[extremes.high].y { extremes.high = index }
      }
      let kept = Set([start, extremes.low, extremes.high, end - 1])
      result += kept.sorted().map { places[$0] }
      start = end
    }
    return result
  }

  /// The marks that can be told apart: at most one for every second pixel.
  private func reduced<Mark>(_ marks: [Mark], point: (Mark) -> ChartPoint) -> [Mark] {
    var last = -Double.infinity
    return marks.filter { mark in
      let point = point(mark)
      guard point.canShow, x(point.x) >= last + 2 else { return false }
      last = x(point.x)
      return true
    }
  }
}
