internal import Formatting
internal import Plots
internal import Stepping
internal import Training

extension HTMLReport {
  /// The loss curve; empty before the first step.
  var lossSection: Markup {
    let curve = LossCurve(record)
    guard !curve.raw.isEmpty || !curve.validation.isEmpty else { return .empty }
    var layers: [LineChart.Layer] = [
      .markers(record.merges.map { (Double($0.step), tooltip($0)) }, style: "merge"),
      .line(curve.raw, style: "raw"), .line(curve.smoothed, style: "smoothed"),
      .line(curve.validation, style: "validation"),
      .dots(
        zip(curve.validation, record.evaluations).map { ($0, tooltip($1)) }, style: "validation"),
    ]
    if let last = curve.validation.last {
      let text = NumberText.decimals(last.y, 2)
      layers.append(.label(last, text: text, style: "validation"))
    }
    let chart = LineChart(
      summary: "Training and validation loss by step", xTitle: "step",
      yTitle: record.classification == nil ? "loss, nats a token" : "loss", x: curve.steps,
      y: curve.losses, layers: layers)
    let hasMerges = !record.merges.isEmpty
    return section(
      "Loss", nil,
      [
        """
        <ul class="legend">
        <li><i class="raw"></i>training, each step</li>
        <li><i class="smoothed"></i>training, smoothed</li>
        <li><i class="validation"></i>validation</li>
        \(hasMerges ? "<li><i class=\"merge\"></i>merge</li>" : .empty)
        </ul>
        <figure class="wide">\(chart.svg(width: 860, height: 360))</figure>
        <figure class="narrow">\(chart.svg(width: 360, height: 300))</figure>
        """
      ])
  }

  private func tooltip(_ evaluation: RunRecord.Evaluation) -> String {
    """
    After step \(NumberText.grouped(evaluation.step)): validation loss \
    \(NumberText.decimals(evaluation.loss, 4))
    """
      + (record.classification == nil
        ? ", perplexity \(NumberText.decimals(evaluation.perplexity, 2))" : "")
  }
}
