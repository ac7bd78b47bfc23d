import Foundation
import Tensors

@main
struct Main {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    var pattern = ""
    var json: String?
    var keeps = false
    for argument in arguments {
      if argument.hasPrefix("--json=") {
        json = String(argument.dropFirst(7))
      } else if argument == "--keep" {
        keeps = true
      } else {
        pattern = argument
      }
    }
    let all: [any BenchmarkCase] =
      tensorCases() + linearAlgebraCases() + quantizationCases() + autodiffCases()
      + layerCases() + methodCases()
    let chosen = all.filter {
      pattern.isEmpty || "\($0.group)/\($0.name)".localizedCaseInsensitiveContains(pattern)
    }
    guard !chosen.isEmpty else {
      FileHandle.standardError.write(
        Data("No case matches '\(pattern)'. Leave it out to run all.\n".utf8))
      exit(1)
    }
    var table = StoredTable(in: tables)
    print(
      "\(Processor.current), OpenBLAS kernels \(BLASKernels.current), \(Threads.count) threads")
    if let notice = BLASKernels.current.notice { print(notice) }
    print("stored: \(table.isEmpty ? "nothing for this processor yet" : table.name)\n")
    print(line("case", "ours", "rival", "", "ratio", "reach", "stored"))
    var rows: [Row] = []
    for comparison in chosen {
      let row = comparison.measure()
      rows.append(row)
      print(
        line(
          "\(row.group): \(row.case)", number(row.value), number(row.rival_value),
          "\(row.unit), \(row.rival)", number(row.ratio),
          number(row.reach) + (row.ok ? "" : "  missed"),
          table.change(of: row).map { number($0) } ?? ""))
    }
    let missed = rows.filter { !$0.ok }.count
    print("\n\(rows.count) cases, \(rows.count - missed) reached, \(missed) missed")
    let slower = rows.filter { table.change(of: $0).map { $0 < 0.9 } ?? false }
    if !slower.isEmpty {
      print("\(slower.count) below 0.9 of the stored ratio: measure them again to be sure")
    }
    try table.keep(rows, replacing: keeps)
    if let json {
      try encoded(rows).write(to: URL(fileURLWithPath: json), options: .atomic)
    }
  }

  /// `Benchmarks/Processors` in the sources, wherever the program was built.
  private static var tables: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(component: "Processors")
  }

  private static func line(
    _ name: String, _ ours: String, _ rival: String, _ unit: String, _ ratio: String,
    _ reach: String, _ stored: String
  ) -> String {
    func left(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(1, width - text.count))
    }
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    return left(name, 46) + right(ours, 10) + right(rival, 10) + "  " + left(unit, 34)
      + right(ratio, 8) + "  " + left(reach, 13) + stored
  }

  private static func number(_ value: Double) -> String {
    value >= 100
      ? String(format: "%.0f", value) : String(format: value >= 10 ? "%.1f" : "%.2f", value)
  }
}
