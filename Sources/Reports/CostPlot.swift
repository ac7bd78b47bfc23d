internal import Foundation

/// A drawing of what runs of growing size cost, as SVG: tensor bytes beside the formula, and the time
/// of a floating-point operation. Both axes of size are logarithmic.
public struct CostPlot: Sendable {
  /// What one run took.
  public struct Point: Sendable {
    /// What stands below the point.
    public var name: String
    /// Tensor bytes at the worst moment.
    public var bytes: Double
    /// Tensor bytes of the formula.
    public var formulaBytes: Double
    /// Seconds a floating-point operation of the step's matrix products; nil where none was timed.
    public var secondsPerOperation: Double?

    /// A point.
    public init(
      _ name: String, bytes: Double, formulaBytes: Double, secondsPerOperation: Double?
    ) {
      self.name = name
      self.bytes = bytes
      self.formulaBytes = formulaBytes
      self.secondsPerOperation = secondsPerOperation
    }
  }

  private let title: String
  private let points: [Point]

  /// A drawing of runs, in the order of their size.
  public init(_ title: String, _ points: [Point]) {
    self.title = title
    self.points = points
  }

  private let top = 84.0
  private let bottom = 290.0
  private let width = 270.0

  private func x(_ index: Int, from left: Double) -> Double {
    left + (Double(index) + 0.5) * width / Double(max(1, points.count))
  }

  private func number(_ value: Double) -> String { String(format: "%.1f", value) }

  private func text(_ x: Double, _ y: Double, _ text: String, _ style: String = "") -> String {
    "  <text x=\"\(number(x))\" y=\"\(number(y))\" \(style)>\(text)</text>\n"
  }

  private func grid(_ y: Double, from left: Double, label: String) -> String {
    """
      <path d="M\(number(left)) \(number(y))h\(number(width))" stroke="#e3e6ea"/>
    \(text(left - 8, y + 4, label, "text-anchor=\"end\" fill=\"#666\" font-size=\"12\""))
    """
  }

  private func names(from left: Double) -> String {
    points.enumerated().map {
      text(
        x($0.offset, from: left), bottom + 20, $0.element.name,
        "text-anchor=\"middle\" font-size=\"12\"")
    }.joined()
  }

  private func dot(_ x: Double, _ y: Double) -> String {
    "  <circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"4.5\" fill=\"#1f77c9\"/>\n"
  }

  private var bytesPanel: String {
    let left = 76.0
    let all = points.flatMap { [$0.bytes, $0.formulaBytes] }.filter { $0 > 0 }
    guard let least = all.min(), let most = all.max() else { return "" }
    // Whole powers of two around all points.
    let low = log2(least).rounded(.down)
    let high = max(low + 1, log2(most).rounded(.up))
    func y(_ bytes: Double) -> Double {
      bottom - (log2(bytes) - low) / (high - low) * (bottom - top)
    }
    let spacing = max(1, ((high - low) / 5).rounded())
    var parts = stride(from: low, through: high, by: spacing).map { power in
      let mebibytes = pow(2, power - 20)
      let label =
        mebibytes < 1024
        ? String(format: "%g MiB", mebibytes) : String(format: "%g GiB", mebibytes / 1024)
      return grid(y(pow(2, power)), from: left, label: label)
    }.joined()
    let line = points.enumerated().map {
      "\(number(x($0.offset, from: left))) \(number(y($0.element.formulaBytes)))"
    }.joined(separator: "L")
    parts += "  <path d=\"M\(line)\" fill=\"none\" stroke=\"#e08a1e\" stroke-width=\"2\"/>\n"
    parts += points.enumerated().map {
      dot(x($0.offset, from: left), y($0.element.bytes))
    }.joined()
    return text(left, 64, "tensors: counted (dots), formula (line)")
      + parts + names(from: left)
  }

  private var timePanel: String {
    let left = 436.0
    let times = points.compactMap { $0.secondsPerOperation }.map { $0 * 1e12 }
    guard let most = times.max() else { return "" }
    let high = max(1, most.rounded(.up))
    func y(_ picoseconds: Double) -> Double { bottom - picoseconds / high * (bottom - top) }
    let spacing = max(1, (high / 5).rounded())
    let lines = stride(from: 0, through: high, by: spacing).map {
      grid(y($0), from: left, label: String(format: "%g ps", $0))
    }.joined()
    let dots = points.enumerated().compactMap { index, point in
      point.secondsPerOperation.map { dot(x(index, from: left), y($0 * 1e12)) }
    }.joined()
    return text(left, 64, "time of a floating-point operation") + lines + dots + names(from: left)
  }

  /// The drawing.
  public var svg: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 330" \
    font-family="system-ui, sans-serif" font-size="14" fill="#222">
      <rect width="720" height="330" fill="#fff"/>
    \(text(20, 30, title, "font-size=\"17\" font-weight=\"600\""))\
    \(bytesPanel)\(timePanel)</svg>

    """
  }
}
