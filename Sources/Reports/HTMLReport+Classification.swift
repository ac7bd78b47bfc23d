internal import Formatting
internal import Plots
internal import Training

extension HTMLReport {
  /// How a classifier answers: all measures, and which classes it confuses; nothing for a language model.
  var classificationSection: Markup {
    guard let scores = record.classification else { return .empty }
    let measures = scores.measures.map { measure -> Markup in
      "<tr><th>\(measure.name)</th><td>\(NumberText.decimals(measure.value, 4))</td></tr>"
    }
    let table: Markup = """
      <div class="scroll"><table class="measures"><tbody>
      \(measures)
      </tbody></table></div>
      """
    return section(
      "Answers",
      "On \(NumberText.grouped(scores.count)) texts that were kept for it. A row of the second table has the "
        + "texts of a label, a column those that were given it.",
      [table] + (scores.confusion.map { [confusionTable($0)] } ?? []))
  }

  /// Rows and columns of the labels that there is room for.
  private func confusionTable(_ confusion: ConfusionTable) -> Markup {
    let shown = confusion.labels.indices.prefix(Self.labelsShown)
    let heads = shown.map { index -> Markup in "<th>\(confusion.labels[index])</th>" }
    let rows = shown.map { row -> Markup in
      let total = confusion.truthCounts[row]
      let cells = shown.map { column -> Markup in
        let count = confusion.counts[row][column]
        let share = total == 0 ? 0 : Double(count) / Double(total)
        return """
          <td style="background: color-mix(in srgb, currentColor \(Int(30 * share))%, transparent)">\
          \(NumberText.grouped(count))</td>
          """
      }
      return """
        <tr><th>\(confusion.labels[row])</th>\(cells)\
        <td>\(NumberText.percent(confusion.recall(of: row), 1))</td></tr>
        """
    }
    let left = confusion.labels.count - shown.count
    let rest: Markup =
      left > 0
      ? "<p class=\"lead\">\(NumberText.grouped(left)) more labels are left out.</p>" : .empty
    return """
      <div class="scroll"><table class="confusion">
      <thead><tr><th>label</th>\(heads)<th>recall</th></tr></thead>
      <tbody>
      \(rows)
      </tbody></table></div>
      \(rest)
      """
  }

  private static let labelsShown = 20
}
