internal import Formatting
internal import Foundation
internal import Plots
public import Quantization

extension ErrorTable {
  /// The table as a drawing: for each format its bytes per element, its signal to noise ratio and the
  /// distribution of its errors, all on one axis.
  public var svg: String { ErrorDrawing(self).text }
}

private struct ErrorDrawing {
  private let rows: [ErrorTable.Row]
  private let left = 292.0, right = 728.0, top = 64.0, rowHeight = 56.0
  /// The largest error that the axis shows.
  private let limit: Double

  init(_ table: ErrorTable) {
    rows = table.rows
    let limits = rows.filter { $0.error.relative > 0 }.map(\.histogram.limit)
    limit = Self.niceLimit(limits.max() ?? 1)
  }

  private var bottom: Double { top + rowHeight * Double(rows.count) }

  private func x(_ error: Double) -> Double {
    (left + right) / 2 + error / limit * (right - left) / 2
  }

  var text: String {
    let blue = Palette.light.blue
    return DrawingFile(
      summary: "Errors of \(rows.count) weight formats", width: 760, height: bottom + 52,
      rules: """
        \(DrawingFile.headingRule)
        .name { font-size: 13px; font-weight: 600; }
        .plate { paint-order: stroke; stroke: \(Palette.light.ground); stroke-width: 6; }
        .bars { fill: \(blue); } .reach { stroke: \(blue); stroke-width: 1.5; opacity: .55; }
        """,
      content: """
        \(DrawingFile.heading("What each format does to the same numbers"))
        \((-2...2).map(line))
        \(rows.enumerated().map { row($1, base: top + rowHeight * Double($0 + 1) - 10) })
        <text x="\((left + right) / 2)" y="\(bottom + 40)" text-anchor="middle">error of an element, \
        in units of the root mean square of the numbers</text>
        """
    ).text
  }

  private func line(_ step: Int) -> Markup {
    let value = limit * Double(step) / 2
    let label = printf("%g", value).replacing("-", with: "\u{2212}")
    return """
      <line class="\(step == 0 ? "axis" : "grid")" x1="\(x(value))" y1="\(top - 8)" \
      x2="\(x(value))" y2="\(bottom)"/>
      <text x="\(x(value))" y="\(bottom + 20)" text-anchor="middle">\(label)</text>
      """
  }

  private func row(_ row: ErrorTable.Row, base: Double) -> Markup {
    let bytes = printf("%g", (1e4 * row.bytesPerElement).rounded() / 1e4)
    let ratio = row.error.signalToNoise
    let noise =
      ratio.isFinite ? "\(fixed(ratio, 1)) dB" : ratio > 0 ? "no error" : "not all finite"
    return """
      <text class="name" x="20" y="\(base - 18)">\(row.name)</text>
      <text x="20" y="\(base)">\(bytes) bytes per element \u{b7} \(noise)</text>
      \(distribution(of: row, base: base))
      """
  }

  /// The distribution of a format's errors as bars. The middle bar, where exactly represented elements
  /// pile up, is cut at the height of the largest other bar.
  private func distribution(of row: ErrorTable.Row, base: Double) -> Markup {
    guard row.error.relative > 0 else {
      return """
        <text class="plate" x="\(x(0))" y="\(base - 4)" text-anchor="middle">\
        \(row.error.relative == 0 ? "exact" : "not all finite")</text>
        """
    }
    let histogram = row.histogram
    var beside = histogram.counts
    if beside.count > 1 { beside.remove(at: beside.count / 2) }
    let largest = Double(max(1, beside.max() ?? 0))
    let bin = 2 * histogram.limit / Double(histogram.counts.count)
    let bars = zip(histogram.centers, histogram.counts).filter { $0.1 > 0 }.map {
      center, count -> Markup in
      let top = base - (rowHeight - 18) * min(1, Double(count) / largest)
      return "M\(x(center - bin / 2)) \(base)V\(top)H\(x(center + bin / 2))V\(base)Z"
    }
    return """
      <line class="reach" x1="\(x(-histogram.limit))" y1="\(base)" x2="\(x(histogram.limit))" \
      y2="\(base)"/>
      <path class="bars" d="\(bars)"/>
      """
  }

  /// The next of 1, 1.5, 2, 3, 4, 5, 6 and 8 times a power of ten.
  private static func niceLimit(_ value: Double) -> Double {
    guard value.isFinite, value > 0 else { return 1 }
    var power = 1.0
    while power >= value { power /= 10 }
    while power * 10 < value { power *= 10 }
    return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map { $0 * power }.first { $0 >= value } ?? value
  }
}
