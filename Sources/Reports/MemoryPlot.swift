internal import Formatting
internal import Plots
public import Training

/// An SVG drawing of the memory of a step by kind: one bar of all kinds, and a line for each.
public struct MemoryPlot: Sendable {
  private let title: String
  private let bytes: MemoryBreakdown

  /// Creates a drawing of these bytes.
  public init(_ title: String, _ bytes: MemoryBreakdown) {
    self.title = title
    self.bytes = bytes
  }

  /// The colour of each kind of bytes: its name on pages and its value in drawings.
  static var colors: [(kind: String, name: String, value: String)] {
    let light = Palette.light
    let colors = [
      ("blue", light.blue), ("sky", light.sky), ("green", light.green), ("amber", light.amber),
      ("rose", light.rose), ("raw", light.raw), ("merge", light.merge), ("soft", light.soft),
    ]
    return zip(MemoryBreakdown.rows, colors).map { ($0.key, $1.0, $1.1) }
  }

  /// The drawing as SVG.
  public var svg: String {
    let (left, width, total) = (20.0, 680.0, Double(max(1, bytes.total)))
    var (parts, lines): ([Markup], [Markup]) = ([], [])
    var end = left
    for (row, color) in zip(MemoryBreakdown.rows, Self.colors) {
      let value = Double(bytes[keyPath: row.path])
      guard value > 0 else { continue }
      let share = value / total * width
      parts.append(
        "<rect x=\"\(end)\" y=\"48\" width=\"\(share)\" height=\"44\" fill=\"\(color.value)\"/>")
      end += share
      let y = 116 + 24 * Double(lines.count)
      let name = row.key == "scratch" ? "scratch and program" : row.title
      lines.append(
        """
        <rect x="20" y="\(y)" width="14" height="14" fill="\(color.value)"/>
        <text class="name" x="44" y="\(y + 12)">\(name)</text>
        <text class="value" x="350" y="\(y + 12)" text-anchor="end">\
        \(fixed(value / gibibyte, 2)) GiB</text>
        <text x="440" y="\(y + 12)" text-anchor="end">\(fixed(100 * value / total, 1)) %</text>
        """)
    }
    let heading = "\(title): \(fixed(total / gibibyte, 2)) GiB"
    return DrawingFile(
      summary: heading, width: 720, height: 126 + 24 * Double(lines.count),
      rules: DrawingFile.headingRule,
      content: """
        \(DrawingFile.heading(heading))
        \(parts)
        \(lines)
        """
    ).text
  }
}
