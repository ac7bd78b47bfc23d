internal import Formatting
internal import Plots
internal import Stepping
internal import Training

extension HTMLReport {
  /// Charts and a table of the merges; empty for a run without merges.
  var mergeSection: Markup {
    guard !record.merges.isEmpty else { return .empty }
    let survival = chart(
      "Survival share", "share of the update that survives the merge, %", reference: 1,
      of: \.survival, in: \.survival)
    let update = chart(
      "Relative update", "size of the update against the weights, %", reference: 0,
      of: \.relativeUpdate, in: \.relativeUpdate)
    let charts: Markup = """
      <div class="pair">
      \([survival, update].map { chart -> Markup in
        "<figure>\(chart.svg(width: 420, height: 260))</figure>"
      })
      </div>
      """
    return section(
      "Merges",
      "A merge adds the update trained since the previous merge to the weights. Dots: all layers "
        + "together; bars: from the lowest to the highest layer. The first merge only chooses the first "
        + "projections.",
      [record.merges.contains { $0.survival != nil } ? charts : .empty, mergeTable, layerTable])
  }

  /// The effect of a merge in one line.
  func tooltip(_ merge: MergeReport) -> String {
    var text = "Merge at step \(NumberText.grouped(merge.step)): \(merge.layers.count) layers"
    if let survival = merge.survival { text += ", survival \(NumberText.percent(survival, 1))" }
    text += ", loss \(NumberText.decimals(merge.lossBefore, 4))"
    if let after = merge.lossAfter { text += " to \(NumberText.decimals(after, 4))" }
    return text
  }

  private func chart(
    _ name: String, _ yTitle: String, reference: Double,
    of whole: KeyPath<MergeReport, Double?>, in layer: KeyPath<LayerMerge, Double?>
  ) -> LineChart {
    var means: [(point: ChartPoint, tooltip: String)] = []
    var ranges: [(x: Double, low: Double, high: Double)] = []
    for merge in record.merges {
      guard let mean = merge[keyPath: whole] else { continue }
      let parts = merge.layers.compactMap { $0[keyPath: layer] }.filter(Axis.canShow)
      var text = "Step \(NumberText.grouped(merge.step)): \(NumberText.percent(mean, 2))"
      if let low = parts.min(), let high = parts.max() {
        ranges.append((Double(merge.step), 100 * low, 100 * high))
        text += ", layers \(NumberText.percent(low, 2)) to \(NumberText.percent(high, 2))"
      }
      means.append((ChartPoint(x: Double(merge.step), y: 100 * mean), text))
    }
    let values = [100 * reference] + means.map(\.point.y) + ranges.flatMap { [$0.low, $0.high] }
    let last = means.suffix(1).map { mean -> LineChart.Layer in
      .label(mean.point, text: NumberText.decimals(mean.point.y, 1), style: "measure")
    }
    let steps = LossCurve(record).steps
    return LineChart(
      summary: "\(name) by step", xTitle: "step", yTitle: yTitle,
      x: Axis([steps.lower, steps.upper], ticks: 4, fit: .exact, smallestSpacing: 1),
      y: Axis(values, ticks: 4),
      layers: [
        .line(means.map(\.point), style: "measure"), .ranges(ranges, style: "measure"),
        .dots(means, style: "measure"),
      ] + last)
  }

  private var mergeTable: Markup {
    let merges = record.merges
    let shown = 60
    var rows = merges.prefix(shown).map(row)
    let left = merges.dropFirst(shown)
    if left.count > shown {
      let omitted = NumberText.grouped(left.count - shown)
      rows.append("<tr><td colspan=\"8\" class=\"gap\">\(omitted) merges not shown</td></tr>")
    }
    rows += left.suffix(shown).map(row)
    return """
      <div class="scroll rows" tabindex="0"><table class="merges">
      <thead><tr><th>step</th><th>layers</th><th>survival</th><th>relative update</th>\
      <th>error</th><th>loss before</th><th>loss after</th><th>seconds</th></tr></thead>
      <tbody>
      \(rows)
      </tbody>
      </table></div>
      """
  }

  /// The layers at the last merge.
  private var layerTable: Markup {
    guard let last = record.merges.last, !last.layers.isEmpty else { return .empty }
    let rows = last.layers.map { layer -> Markup in
      let cells = [
        NumberText.percent(layer.relativeUpdate, 2), NumberText.percent(layer.survival, 1),
        NumberText.percent(layer.relativeError, 2),
        layer.effectiveRank.map { NumberText.grouped($0) } ?? NumberText.none,
        layer.angles.map { angles in
          [angles.smallest, angles.median, angles.largest]
            .map { NumberText.decimals($0, 0) }.joined(separator: " \u{b7} ")
        } ?? NumberText.none,
        layer.byteCount.map { NumberText.grouped($0) } ?? NumberText.none,
        NumberText.decimals(1000 * layer.seconds, 1),
      ]
      return "<tr><td>\(layer.name)</td>\(cells.map { cell -> Markup in "<td>\(cell)</td>" })</tr>"
    }
    return """
      <details><summary>The layers at the merge of step \(NumberText.grouped(last.step))</summary>
      <div class="scroll rows" tabindex="0"><table class="layers">
      <thead><tr><th>layer</th><th>relative update</th><th>survival</th><th>error</th>\
      <th>effective rank</th><th>angles to the old projection</th><th>bytes</th>\
      <th>milliseconds</th></tr></thead>
      <tbody>
      \(rows)
      </tbody>
      </table></div>
      </details>
      """
  }

  private func row(_ merge: MergeReport) -> Markup {
    let cells = [
      NumberText.grouped(merge.step), NumberText.grouped(merge.layers.count),
      NumberText.percent(merge.survival, 1), NumberText.percent(merge.relativeUpdate, 1),
      NumberText.percent(merge.relativeError, 2), NumberText.decimals(merge.lossBefore, 4),
      NumberText.decimals(merge.lossAfter, 4), NumberText.decimals(merge.seconds, 2),
    ]
    return "<tr>\(cells.map { cell -> Markup in "<td>\(cell)</td>" })</tr>"
  }
}
