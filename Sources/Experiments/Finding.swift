internal import Formatting
internal import JSON
internal import Plots
internal import TensorFiles
internal import Training

/// An additional table of an experiment.
public struct Finding: Sendable {
  /// A cell.
  public enum Cell: Sendable, Hashable {
    /// A text.
    case text(String)
    /// A number with its decimals to show; empty if nil.
    case number(Double?, decimals: Int)
    /// A share, shown as a percentage.
    case share(Double?)

    /// The cell as shown to users.
    var text: String {
      switch self {
      case .text(let text): text
      case .number(let value, let count): NumberText.decimals(value, count)
      case .share(let value): NumberText.percent(value, 1)
      }
    }

    var json: JSONValue {
      switch self {
      case .text(let text): .string(text)
      case .number(let value, _), .share(let value): ExperimentResults.number(value)
      }
    }
  }

  /// The title of the table.
  public var title: String
  /// The explanation of the table.
  public var note: String
  /// The names of the columns.
  public var header: [String]
  /// The rows, each with one cell per column.
  public var rows: [[Cell]]

  var json: JSONValue {
    [
      "title": .string(title), "note": .string(note),
      "header": .array(header.map { .string($0) }),
      "rows": .array(rows.map { .array($0.map(\.json)) }),
    ]
  }

  /// The table as text.
  var text: String {
    title + "\n" + ExperimentResults.aligned([header] + rows.map { $0.map(\.text) })
  }

  var table: Markup {
    let lines = rows.map { row -> Markup in
      let cells = row.dropFirst().map { cell -> Markup in "<td>\(cell.text)</td>" }
      return "<tr><th>\(row.first?.text ?? "")</th>\(cells)</tr>"
    }
    return """
      <div class="scroll"><table class="results">
      <thead><tr>\(header.map { name -> Markup in "<th>\(name)</th>" })</tr></thead>
      <tbody>
      \(lines)
      </tbody></table></div>
      """
  }
}
