internal import Formatting
internal import Foundation
internal import Plots

/// An SVG drawing of the cost of runs of growing size: tensor bytes beside the formula, and the time
/// of a floating-point operation. Both size axes are logarithmic.
public struct CostPlot: Sendable {
  /// The cost of one run.
  public struct Point: Sendable {
    /// The label below the point.
    public var name: String
    /// Peak tensor bytes.
    public var bytes: Double
    /// Peak tensor bytes by the formula.
    public var formulaBytes: Double
    /// Seconds per floating-point operation of the step's matrix products, or nil if not timed.
    public var secondsPerOperation: Double?

    /// Creates a point.
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

  /// Creates a drawing of runs, given in the order of their size.
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

  /// A panel with its title, grid, content and the names of the points.
  private func panel(
    from left: Double, _ title: String, grid: [(y: Double, label: String)], _ marks: [Markup]
  ) -> Markup {
    """
    <text class="title" x="\(left)" y="64">\(title)</text>
    \(grid.map { line -> Markup in
      """
      <line class="grid" x1="\(left)" x2="\(left + width)" y1="\(line.y)" y2="\(line.y)"/>\
      <text x="\(left - 8)" y="\(line.y + 4)" text-anchor="end">\(line.label)</text>
      """
    })
    \(marks)
    \(points.enumerated().map { index, point -> Markup in
      """
      <text x="\(x(index, from: left))" y="\(bottom + 20)" text-anchor="middle">\(point.name)</text>
      """
    })
    """
  }

  private func dot(_ x: Double, _ y: Double) -> Markup {
    "<circle cx=\"\(x)\" cy=\"\(y)\" r=\"4.5\"/>"
  }

  private var bytesPanel: Markup {
    let left = 76.0
    let all = points.flatMap { [$0.bytes, $0.formulaBytes] }.filter { $0 > 0 }
    guard let least = all.min(), let most = all.max() else { return .empty }
    // Whole powers of two around all points.
    let low = log2(least).rounded(.down)
    let high = max(low + 1, log2(most).rounded(.up))
    func y(_ bytes: Double) -> Double {
      bottom - (log2(bytes) - low) / (high - low) * (bottom - top)
    }
    let spacing = max(1, ((high - low) / 5).rounded())
    let grid = stride(from: low, through: high, by: spacing).map { power in
      let mebibytes = pow(2, power - 20)
      return (
        y: y(pow(2, power)),
        label: mebibytes < 1024
          ? printf("%g MiB", mebibytes) : printf("%g GiB", mebibytes / 1024)
      )
    }
    let line = points.enumerated().map { index, point -> Markup in
      "\(x(index, from: left)),\(y(point.formulaBytes))"
    }
    return panel(
      from: left, "tensors: counted (dots), formula (line)", grid: grid,
      ["<polyline class=\"\(SeriesStyle.name(1))\" points=\"\(line)\"/>"]
        + points.enumerated().map { dot(x($0.offset, from: left), y($0.element.bytes)) })
  }

  private var timePanel: Markup {
    let left = 436.0
    let times = points.compactMap { $0.secondsPerOperation }.map { $0 * 1e12 }
    guard let most = times.max() else { return .empty }
    let high = max(1, most.rounded(.up))
    func y(_ picoseconds: Double) -> Double { bottom - picoseconds / high * (bottom - top) }
    let grid = stride(from: 0, through: high, by: max(1, (high / 5).rounded())).map {
      (y: y($0), label: printf("%g ps", $0))
    }
    return panel(
      from: left, "time of a floating-point operation", grid: grid,
      points.enumerated().compactMap { index, point in
        point.secondsPerOperation.map { dot(x(index, from: left), y($0 * 1e12)) }
      })
  }

  /// The drawing.
  public var svg: String {
    DrawingFile(
      summary: title, width: 720, height: 330, rules: DrawingFile.headingRule,
      content: """
        \(DrawingFile.heading(title))
        \(bytesPanel)
        \(timePanel)
        """
    ).text
  }
}
