internal import Formatting
internal import Foundation
public import JSON
internal import LoQT
internal import Plots
internal import Stepping
public import TensorFiles
internal import Training

extension ExperimentResults {
  /// The table as text: one line per variant with its losses in nats per token and their standard error,
  /// and the mean difference to the reference with the standard error of paired differences.
  public var table: String {
    let header = [
      "", "rate", "seeds", "loss", "\u{b1}", "perplexity", "vs. \(experiment.reference)", "\u{b1}",
      "MB",
    ]
    let lines = rows.map { row -> [String] in
      guard row.loss.count > 0 else {
        return [row.name, Self.text(row.rate), "0", "", "", "", "", "", ""]
      }
      return [
        row.name,
        Self.text(row.rate) + (row.isBracketed == false ? " (edge)" : ""), "\(row.loss.count)",
        Self.decimals(row.loss.mean, 4), Self.decimals(row.loss.standardError, 4),
        Self.decimals(row.perplexity, 2), Self.signed(row.difference.mean, 4),
        Self.decimals(row.difference.standardError, 4),
        Self.decimals(row.byteCount.map { Double($0) / 1e6 }, 2),
      ]
    }
    var text = rows.isEmpty ? "" : Self.aligned([header] + lines)
    text += findings.map { "\n" + $0.text }.joined()
    for judgement in judgements {
      let difference = judgement.difference
      text += """

        \(judgement.verdict.rawValue.uppercased()): \(judgement.claim.sentence) \
        (\(Self.signed(difference.mean, 4)) \u{b1} \
        \(Self.decimals(difference.standardError, 4)), at most \
        \(Self.signed(judgement.claim.bound, 4)), \(difference.count) seeds).
        """
    }
    return text + (openCount > 0 ? "\n\(openCount) runs are still to be made." : "")
  }

  /// The runs as comma-separated values, one line per run.
  public var csv: String {
    var lines = [
      "experiment,variant,learning_rate,seed,validation_loss,validation_perplexity,bits_per_byte,bytes"
    ]
    for row in rows {
      for (seed, record) in row.runs {
        let cells = [
          experiment.name, row.name, Self.text(row.rate), "\(seed)", "\(record.validationLoss)",
          "\(record.validationPerplexity)", "\(record.bitsPerByte)", "\(record.memory.state)",
        ]
        lines.append(cells.map(Self.quoted).joined(separator: ","))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// All results for other programs; nothing in it depends on the machine's speed.
  public var json: JSONValue {
    [
      "experiment": .string(experiment.name),
      "question": .string(experiment.question),
      "text": .string(textName.split(separator: "/").last.map(String.init) ?? textName),
      "preset": .string(scale.preset),
      "vocabulary": .integer(scale.vocabulary),
      "steps": .integer(scale.steps),
      "tokens_per_step": .integer(scale.batchSize * scale.sequence),
      "rest_learning_rate": Self.number(scale.restLearningRate),
      "reference": .string(experiment.reference),
      "open_runs": .integer(openCount),
      "variants": .array(rows.map(Self.json)),
      "findings": .array(findings.map(\.json)),
      "claims": .array(
        judgements.map { judgement in
          [
            "claim": .string(judgement.claim.sentence),
            "variant": .string(judgement.claim.variant),
            "rival": .string(judgement.claim.rival),
            "bound": .number(judgement.claim.bound),
            "difference": .number(judgement.difference.mean),
            "standard_error": Self.number(judgement.difference.standardError),
            "seeds": .integer(judgement.difference.count),
            "verdict": .string(judgement.verdict.rawValue),
          ]
        }),
    ]
  }

  private static func json(_ row: Row) -> JSONValue {
    [
      "name": .string(row.name),
      "learning_rate": number(row.rate),
      "bracketed": row.isBracketed.map { .boolean($0) } ?? .null,
      "sweep": .array(row.sweep.map { .array([number($0.rate), number($0.loss)]) }),
      "loss": number(row.loss.mean),
      "standard_error": number(row.loss.standardError),
      "difference": number(row.difference.mean),
      "difference_error": number(row.difference.standardError),
      "bytes": row.byteCount.map { .integer($0) } ?? .null,
      "settings": .object(
        row.settings.reduce(into: JSONObject()) { object, setting in
          guard setting.name != "seed", setting.name != "text" else { return }
          object[setting.name] = .string(setting.value)
        }),
      "runs": .array(row.runs.map { json($0.seed, $0.record) }),
    ]
  }

  private static func json(_ seed: UInt64, _ record: RunRecord) -> JSONValue {
    [
      "seed": .integer(Int(clamping: seed)),
      "validation_loss": number(record.validationLoss),
      "bits_per_byte": number(record.bitsPerByte),
      "evaluations": .array(
        record.evaluations.map { .array([.integer($0.step), number($0.loss)]) }),
      "merges": .array(
        record.merges.map { merge in
          [
            "step": .integer(merge.step), "survival": number(merge.survival),
            "relative_update": number(merge.relativeUpdate),
            "relative_error": number(merge.relativeError),
            "loss_before": number(merge.lossBefore), "loss_after": number(merge.lossAfter),
            "angle": number(merge.medianAngle),
          ]
        }),
    ]
  }

  /// Writes `results.json`, `runs.csv`, `table.txt`, `report.html` and, if there are runs, `losses.svg`
  /// into a folder, and `curve.svg` if variants are placed along an axis.
  public func write(to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try AtomicFile.write(json.text(.indented) + "\n", to: folder + "/results.json")
    try AtomicFile.write(csv, to: folder + "/runs.csv")
    try AtomicFile.write(table + "\n", to: folder + "/table.txt")
    let page = ExperimentPage(self)
    try AtomicFile.write(page.html, to: folder + "/report.html")
    if rows.contains(where: { $0.loss.count > 0 }) {
      try AtomicFile.write(page.lossPlot.file(width: 860), to: folder + "/losses.svg")
    }
    if let plot = FamilyPlot(self) {
      try AtomicFile.write(plot.file(width: 860), to: folder + "/curve.svg")
    }
  }

  /// Writes the JSON to a file. Throws a `TensorFileError` if it cannot be written.
  public func writeJSON(to path: String) throws(TensorFileError) {
    try AtomicFile.write(json.text(.indented) + "\n", to: path)
  }

  static func number(_ value: Double?) -> JSONValue {
    guard let value, value.isFinite else { return .null }
    return .number(value)
  }

  private static func text(_ rate: Double?) -> String {
    rate.map { printf("%.6g", $0) } ?? "open"
  }

  private static func decimals(_ value: Double?, _ count: Int) -> String {
    value.map { $0.isNaN ? "" : fixed($0, count) } ?? ""
  }

  private static func signed(_ value: Double?, _ count: Int) -> String {
    value.map { $0.isNaN ? "" : printf("%+.*f", Int32(count), $0) } ?? ""
  }

  private static func quoted(_ cell: String) -> String {
    cell.contains { ",\"\n".contains($0) }
      ? "\"" + cell.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : cell
  }

  /// A table as text with aligned columns.
  static func aligned(_ lines: [[String]]) -> String {
    Formatting.aligned(lines).joined(separator: "\n") + "\n"
  }
}
