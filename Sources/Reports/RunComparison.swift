internal import Formatting
internal import JSON
internal import Plots
public import TensorFiles
public import Training

/// Several runs beside each other: in a table, and with their curves in one picture of a page.
public struct RunComparison: Sendable {
  /// The runs with the names that tell them apart.
  let runs: [(name: String, record: RunRecord)]

  /// A comparison of runs by their names.
  public init(_ runs: [(name: String, record: RunRecord)]) { self.runs = runs }

  /// What is compared, with each run's text for terminals.
  private static let columns: [(title: String, text: @Sendable (RunRecord) -> String)] = [
    ("method", { $0.method }),
    ("steps", { grouped($0.steps.count) }),
    ("tokens", { grouped($0.steps.count * $0.tokensPerStep) }),
    ("training loss", { number($0.recentLoss, 4) }),
    ("validation loss", { number($0.measuredLoss, 4) }),
    ("perplexity", { number($0.measuredLoss.map { perplexity(ofLoss: $0) }, 2) }),
    ("tokens/s", { grouped(Int($0.tokensPerSecond.isFinite ? $0.tokensPerSecond : 0)) }),
    ("time", { PlainText.duration($0.wallSeconds) }),
    ("tensors", { PlainText.megabytes($0.memory.tensors) }),
  ]

  private static func number(_ value: Double?, _ decimals: Int) -> String {
    value.map { $0.isFinite ? PlainText.decimals($0, decimals) : "-" } ?? "-"
  }

  /// A line for each run below the names of the columns.
  public var table: String {
    aligned(
      [["run"] + Self.columns.map(\.title)]
        + runs.map { run in [run.name] + Self.columns.map { $0.text(run.record) } }
    ).joined(separator: "\n") + "\n"
  }

  /// Writes the page. Throws a `TensorFileError` if the file cannot be written.
  public func write(to path: String) throws(TensorFileError) {
    try AtomicFile.write(page.text, to: path)
  }

  /// The page as HTML.
  public var html: String { page.text }

  private var page: Markup {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta name="color-scheme" content="light dark"/>
    <title>\(title)</title>
    <style>\(HTMLReport.styleSheet)
    .results :is(th, td):first-child { text-align: left; }
    \(SeriesStyle.rules(colors: ["var(--blue)", "var(--amber)", "var(--green)", "var(--rose)"]))
    </style>
    </head>
    <body>
    <main>
    <header>
    <p class="eyebrow">loqt compare</p>
    <h1>\(title)</h1>
    </header>
    \(chart("Validation loss", \.validation))
    \(chart("Training loss, smoothed", \.smoothed))
    \(numbers)
    </main>
    </body>
    </html>

    """
  }

  private var title: String { counted(runs.count, "run") }

  private func chart(_ title: String, _ points: (LossCurve) -> [ChartPoint]) -> Markup {
    let curves = runs.map { points(LossCurve($0.record)) }
    guard curves.contains(where: { !$0.isEmpty }) else { return .empty }
    // Without the steep start, which would compress everything else.
    let shown = curves.flatMap { curve in curve.dropFirst(curve.count / 8).map(\.y) }
    let chart = LineChart(
      summary: title + " of each run by step", xTitle: "step", yTitle: "loss",
      x: Axis(
        [0] + curves.compactMap { $0.last?.x }, ticks: 6, fit: .exact, smallestSpacing: 1),
      y: Axis(shown, ticks: 6),
      layers: curves.enumerated().map { .line($1, style: SeriesStyle.name($0)) })
    let legend = runs.enumerated().map { index, run -> Markup in
      "<li><i class=\"\(SeriesStyle.name(index))\"></i>\(run.name)</li>"
    }
    return """
      <section>
      <h2>\(title)</h2>
      <ul class="legend">\(legend)</ul>
      <figure class="wide">\(chart.svg(width: 860, height: 360))</figure>
      <figure class="narrow">\(chart.svg(width: 360, height: 300))</figure>
      </section>
      """
  }

  private var numbers: Markup {
    let heads = Self.columns.map { column -> Markup in "<th>\(column.title)</th>" }
    let rows = runs.map { run -> Markup in
      let cells = Self.columns.map { column -> Markup in "<td>\(column.text(run.record))</td>" }
      return "<tr><th>\(run.name)</th>\(cells)</tr>"
    }
    return """
      <section>
      <h2>Numbers</h2>
      <p class="lead">Losses in nats a token. Where the end of a run was not measured, its validation loss \
      is that of the last evaluation. Tensors: megabytes at their highest.</p>
      <div class="scroll"><table class="results">
      <thead><tr><th></th>\(heads)</tr></thead>
      <tbody>
      \(rows)
      </tbody></table></div>
      </section>
      """
  }
}

extension RunRecord {
  /// The validation loss of the end, or of the last evaluation where the end was not measured.
  fileprivate var measuredLoss: Double? {
    validationLoss.isFinite ? validationLoss : evaluations.last?.loss
  }

  /// The mean loss of the last twentieth of the steps.
  fileprivate var recentLoss: Double? {
    let last = steps.suffix(max(1, steps.count / 20)).map(\.loss)
    return last.isEmpty ? nil : last.reduce(0, +) / Double(last.count)
  }
}
