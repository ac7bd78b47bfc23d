internal import Formatting
internal import LoQT
internal import Plots
internal import Reports
internal import Stepping
internal import Training

/// The results of an experiment as a self-contained HTML page.
struct ExperimentPage {
  let results: ExperimentResults

  init(_ results: ExperimentResults) { self.results = results }

  var html: String { page.text }

  private var page: Markup {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta name="color-scheme" content="light dark"/>
    <title>\(results.experiment.title)</title>
    <style>\(HTMLReport.styleSheet)
    \(Self.styleSheet)
    \(SeriesStyle.rules(colors: ["var(--blue)", "var(--amber)", "var(--green)", "var(--rose)"]))
    </style>
    </head>
    <body>
    <main>
    \(header)
    \(claims)
    \(rows.isEmpty ? [] : [losses, families, table])
    \(results.findings.map { section($0.title, $0.note, $0.table) })
    \(rows.isEmpty ? [] : [curves, merges, sweeps])
    </main>
    </body>
    </html>

    """
  }

  private static let styleSheet: Markup = """
    .claims { list-style: none; padding: 0; margin: 0; display: grid; gap: .6rem; }
    .claims li {
      display: grid; grid-template-columns: 7.5rem 1fr; gap: .1rem 1rem; align-items: baseline;
      background: var(--surface); border-radius: .6rem; padding: .7rem 1rem;
    }
    .claims strong { font-weight: 650; }
    .claims .holds { color: var(--green); } .claims .fails { color: var(--rose); }
    .claims .open { color: var(--soft); }
    .claims small { grid-column: 2; font-size: .8125rem; color: var(--soft); }
    .mean { stroke: var(--ink); stroke-width: 2; }
    .error { stroke: var(--raw); stroke-width: 7; stroke-linecap: round; }
    .zero { stroke: var(--merge); stroke-dasharray: 3 3; }
    text.name, text.value { fill: var(--ink); }
    polyline.reference { stroke: var(--merge); stroke-width: 1.25; }
    .multiples { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1.25rem; }
    .multiples figcaption { font-weight: 650; font-size: .875rem; }
    .results :is(th, td):first-child { text-align: left; }
    @media (max-width: 40rem) {
      .multiples { grid-template-columns: 1fr; }
      .claims li { grid-template-columns: 1fr; } .claims small { grid-column: 1; }
    }
    """

  /// Variants with at least one finished run.
  private var rows: [ExperimentResults.Row] { results.rows.filter { !$0.runs.isEmpty } }

  private var header: Markup {
    let scale = results.scale
    let tokens = scale.steps * scale.batchSize * scale.sequence
    let facts = [
      "preset \(scale.preset), vocabulary \(NumberText.grouped(scale.vocabulary))",
      "\(NumberText.grouped(scale.steps)) steps of \(scale.batchSize) \u{d7} \(scale.sequence) tokens",
      "\(NumberText.rounded(tokens)) tokens",
      "seeds \(scale.seeds.map(String.init).joined(separator: ", "))",
      results.textName.split(separator: "/").last.map(String.init) ?? results.textName,
    ]
    let open: Markup =
      results.openCount > 0
      ? """
      <aside><p>\(results.openCount) runs are still to be made: what follows is not the whole.</p></aside>
      """ : .empty
    return """
      <header>
      <p class="eyebrow">loqt experiment \(results.experiment.name)</p>
      <h1>\(results.experiment.title)</h1>
      \(results.experiment.needsText
        ? "<p class=\"facts\">\(facts.map { fact -> Markup in "<span>\(fact)</span>" })</p>" : .empty)
      <p class="lead" style="margin-top: 1rem">\(results.experiment.question)</p>
      </header>
      \(open)
      """
  }

  private func section(_ title: String, _ introduction: String, _ content: Markup) -> Markup {
    """
    <section>
    <h2>\(title)</h2>
    <p class="lead">\(introduction)</p>
    \(content)
    </section>
    """
  }

  private var claims: Markup {
    let judgements = results.judgements
    guard !judgements.isEmpty else { return .empty }
    let items = judgements.map { judgement -> Markup in
      let style =
        switch judgement.verdict {
        case .holds: "holds"
        case .fails: "fails"
        case .open: "open"
        }
      let difference = judgement.difference
      let error = NumberText.decimals(difference.standardError, 4)
      return """
        <li><strong class="\(style)">\(judgement.verdict.rawValue)</strong>\
        <span>\(judgement.claim.sentence)</span>\
        <small>difference of the losses \(signed(difference.mean)) \u{b1} \(error), \
        allowed \(signed(judgement.claim.bound)), \(difference.count) paired seeds</small></li>
        """
    }
    return section(
      "Claims",
      "A claim is decided when its bound is more than two standard errors away from the mean of the "
        + "paired differences.",
      "<ul class=\"claims\">\(items)</ul>")
  }

  /// The final losses, one dot per seed.
  var lossPlot: DotPlot {
    DotPlot(
      summary: "Final validation loss of each variant and seed",
      xTitle: "validation loss, nats per token",
      rows: rows.map { row in
        let values = row.runs.filter { Axis.canShow($0.record.validationLoss) }.map {
          (
            label: "seed \($0.seed): \(NumberText.decimals($0.record.validationLoss, 4))",
            value: $0.record.validationLoss
          )
        }
        let statistics = SampleStatistics(values.map(\.value))
        return DotPlot.Row(
          name: row.name, values: values,
          text: "perplexity \(NumberText.decimals(row.perplexity, 2))",
          mean: statistics.mean, standardError: statistics.standardError,
          isReference: row.name == results.experiment.reference)
      })
  }

  private var losses: Markup {
    section(
      "Validation loss",
      "Dots: seeds. Line: their mean, with a bar of two standard errors to either side. Dashed: the "
        + "mean of \(results.experiment.reference).",
      "<figure>\(lossPlot.svg(width: 860))</figure>")
  }

  private var families: Markup {
    guard let plot = FamilyPlot(results) else { return .empty }
    return section(
      "Validation loss over \(plot.xTitle)",
      "Lines: means. Small dots: seeds. Bars: two standard errors to either side, of paired "
        + "differences on the second chart. The horizontal axis is logarithmic; lines stand a little "
        + "apart, so that none hides another.",
      """
      \(plot.legend)
      <div class="pair">
      \([plot.losses, plot.differences].map { chart -> Markup in
        "<figure>\(chart.svg(width: 420, height: 300))</figure>"
      })
      </div>
      """)
  }

  private var table: Markup {
    let lines = rows.map { row -> Markup in
      let cells = [
        rate(row.rate) + (row.isBracketed == false ? " *" : ""), "\(row.loss.count)",
        NumberText.decimals(row.loss.mean, 4), NumberText.decimals(row.loss.standardError, 4),
        NumberText.decimals(row.perplexity, 2), signed(row.difference.mean),
        NumberText.decimals(row.difference.standardError, 4),
        NumberText.percent(perplexity(ofLoss: row.difference.mean) - 1, 1),
        row.byteCount.map { NumberText.megabytes($0) } ?? NumberText.none,
      ]
      return "<tr><th>\(row.name)</th>\(cells.map { cell -> Markup in "<td>\(cell)</td>" })</tr>"
    }
    return section(
      "Numbers",
      "Losses in nats per token. Differences are to \(results.experiment.reference) with the same seed. "
        + "MB: what training holds, without activations. *: the best learning rate tried is at the "
        + "edge of those tried.",
      """
      <div class="scroll"><table class="results">
      <thead><tr><th></th><th>learning rate</th><th>seeds</th><th>loss</th><th>\u{b1}</th>\
      <th>perplexity</th><th>difference</th><th>\u{b1}</th><th>perplexity against \
      \(results.experiment.reference)</th><th>MB</th></tr></thead>
      <tbody>
      \(lines)
      </tbody></table></div>
      """)
  }

  /// One small chart per variant, all with the same axes.
  private func multiples(_ charts: [(name: String, chart: LineChart)]) -> Markup {
    """
    <div class="multiples">
    \(charts.map { chart -> Markup in
      """
      <figure><figcaption>\(chart.name)</figcaption>\
      \(chart.chart.svg(width: 280, height: 200))</figure>
      """
    })
    </div>
    """
  }

  private var curves: Markup {
    let all = rows.map { row in
      (row: row, curves: row.runs.map { LossCurve($0.record).smoothed })
    }
    let reference = all.first { $0.row.name == results.experiment.reference }?.curves ?? []
    // Without the steep start, which would compress everything else.
    let shown = all.flatMap { $0.curves }.flatMap { curve in
      curve.dropFirst(curve.count / 8).map(\.y)
    }
    let longest = all.flatMap { $0.curves }.compactMap { $0.last?.x }.max() ?? 1
    let x = Axis([0, longest], ticks: 4, fit: .exact, smallestSpacing: 1)
    let y = Axis(shown, ticks: 5)
    let charts = all.map { part in
      (
        name: part.row.name,
        chart: LineChart(
          summary: "Training loss of \(part.row.name) by step", xTitle: "step",
          yTitle: "training loss", x: x, y: y,
          layers: reference.map { .line($0, style: "reference") }
            + part.curves.map { .line($0, style: "measure") })
      )
    }
    return section(
      "Training loss",
      "Smoothed; blue: every seed, grey: those of \(results.experiment.reference).",
      multiples(charts))
  }

  private var merges: Markup {
    func charts(
      _ title: String, _ value: KeyPath<MergeReport, Double?>, reference: Double
    ) -> [(name: String, chart: LineChart)] {
      let all = rows.map { row in
        (
          name: row.name,
          lines: row.runs.map { run in
            run.record.merges.compactMap { merge in
              merge[keyPath: value].map { ChartPoint(x: Double(merge.step), y: 100 * $0) }
            }
          }.filter { !$0.isEmpty }
        )
      }.filter { !$0.lines.isEmpty }
      let points = all.flatMap { $0.lines }.flatMap { $0 }
      let x = Axis(
        [0] + points.map(\.x) + [Double(results.scale.steps)], ticks: 4, fit: .exact,
        smallestSpacing: 1)
      let y = Axis(points.map(\.y) + [reference], ticks: 4)
      return all.map { part in
        (
          name: part.name,
          chart: LineChart(
            summary: "\(title) of \(part.name) by step", xTitle: "step", yTitle: title, x: x, y: y,
            layers: part.lines.map { .line($0, style: "measure") }
              + part.lines.map { line in
                .dots(line.map { ($0, "step \(Int($0.x))") }, style: "measure")
              })
        )
      }
    }
    let survival = charts("survival share, %", \.survival, reference: 100)
    guard !survival.isEmpty else { return .empty }
    let updates = charts("relative update, %", \.relativeUpdate, reference: 0)
    return """
      \(section(
        "Survival at merges",
        "The share of the update trained since the last merge that the weights retain after it, for every "
        + "seed.", multiples(survival)))
      \(section(
        "Updates at merges",
        "The size of that update relative to the weights, as a mean over the layers.",
        multiples(updates)))
      """
  }

  private var sweeps: Markup {
    let swept = results.rows.filter { !$0.sweep.isEmpty }
    guard !swept.isEmpty else { return .empty }
    let rates = Set(swept.flatMap { $0.sweep.map(\.rate) }).sorted()
    let lines = swept.map { row -> Markup in
      let cells = rates.map { rate -> Markup in
        guard let loss = row.sweep.first(where: { $0.rate == rate })?.loss else {
          return "<td></td>"
        }
        let text = loss.isFinite ? NumberText.decimals(loss, 3) : "failed"
        return rate == row.rate ? "<td><strong>\(text)</strong></td>" : "<td>\(text)</td>"
      }
      return "<tr><th>\(row.name)</th>\(cells)</tr>"
    }
    return section(
      "Learning rates",
      "Final validation loss of the first seed at each learning rate tried.",
      """
      <div class="scroll"><table class="results">
      <thead><tr><th></th>\(rates.map { value -> Markup in "<th>\(rate(value))</th>" })</tr></thead>
      <tbody>
      \(lines)
      </tbody></table></div>
      """)
  }

  private func rate(_ value: Double?) -> String {
    value.map { "\(($0 * 1e7).rounded() / 1e7)" } ?? NumberText.none
  }

  private func signed(_ value: Double) -> String {
    (value > 0 ? "+" : "") + NumberText.decimals(value, 4)
  }
}
