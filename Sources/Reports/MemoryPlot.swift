internal import Foundation
public import Training

/// A drawing of where the bytes of a step are, as SVG: one bar of all kinds, and a line for each.
public struct MemoryPlot: Sendable {
  private let title: String
  private let bytes: MemoryBreakdown

  /// A drawing of these bytes.
  public init(_ title: String, _ bytes: MemoryBreakdown) {
    self.title = title
    self.bytes = bytes
  }

  private func number(_ value: Double, _ decimals: Int = 1) -> String {
    String(format: "%.\(decimals)f", value)
  }

  private static let colors = [
    "#1f77c9", "#8cc4f5", "#1f9e77", "#e08a1e", "#c9609f", "#7a9cc0", "#a3adb8", "#6b5fb0",
  ]

  /// The drawing.
  public var svg: String {
    let (left, width, total) = (20.0, 680.0, Double(max(1, bytes.total)))
    var (parts, rows) = ("", "")
    var end = left
    var line = 0
    for (row, color) in zip(MemoryBreakdown.rows, Self.colors) {
      let value = Double(bytes[keyPath: row.path])
      guard value > 0 else { continue }
      let share = value / total * width
      parts +=
        "  <rect x=\"\(number(end))\" y=\"48\" width=\"\(number(share))\" height=\"44\" "
        + "fill=\"\(color)\"/>\n"
      end += share
      let y = 116 + 24 * Double(line)
      let name = row.key == "scratch" ? "scratch and program" : row.title
      let right = "y=\"\(number(y + 12))\" text-anchor=\"end\""
      rows += """
          <rect x="20" y="\(number(y))" width="14" height="14" fill="\(color)"/>
          <text x="44" y="\(number(y + 12))">\(name)</text>
          <text x="350" \(right)>\(number(value / gibibyte, 2)) GiB</text>
          <text x="440" \(right)>\(number(100 * value / total)) %</text>

        """
      line += 1
    }
    let height = 126 + 24 * line
    let heading = "\(title): \(number(total / gibibyte, 2)) GiB"
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 \(height)" \
      font-family="system-ui, sans-serif" font-size="14" fill="#222">
        <rect width="720" height="\(height)" fill="#fff"/>
        <text x="20" y="30" font-size="17" font-weight="600">\(heading)</text>
      \(parts)\(rows)</svg>

      """
  }
}
