import ArgumentParser
import Formatting
import Foundation
import Quantization
import Tensors
import Terminal

/// `loqt doctor`: what the machine has, what of it is used, and what to fix.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Report what this machine offers for training, and what slows it down.",
    discussion: """
      Rates are the best of several tries, beside what the processor's instructions reach in registers at \
      the same time. Other programs that are computing lower them.

      Example: loqt doctor
      """)

  @Flag(help: "Print an object in JSON.")
  var json = false

  @Flag(inversion: .prefixedNo, help: "Measure rates, which takes some seconds.")
  var measure = true

  @Option(help: ArgumentHelp("Threads to measure with.", valueName: "count"))
  var threads: Int?

  func run() throws {
    try setThreads(threads)
    var report = Threads.report
    if measure {
      report.measure()
      report.measurePacked()
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }
    print(text(of: report), terminator: "")
  }

  private func text(of report: SystemReport) -> String {
    let limits = report.limits
    var bounds = "\(limits.cores) cores, \(limits.processors) processors"
    if let quota = limits.quota { bounds += ", a quota of \(PlainText.decimals(quota, 2))" }
    for (name, count) in limits.variables.sorted(by: { $0.key < $1.key }) {
      bounds += ", \(name)=\(count)"
    }
    let cache = report.secondCache > 0 ? ", second cache \(report.secondCache) KiB" : ""
    var text = """
      processor   \(report.processor)\(cache)
      features    \(report.features.isEmpty ? "-" : report.features.joined(separator: " "))
      kernels     ours \(report.instructionSet), OpenBLAS's \(report.kernels)
      OpenBLAS    \(report.openBLAS), \(report.flavour)
      threads     \(report.threads) (\(bounds))
      memory      pages of \(report.pageSize) bytes, huge pages: \(report.hugePages)

      """
    if !report.speeds.isEmpty {
      text += "\n" + row("", "threads", "measured", "possible", "share")
      for speed in report.speeds {
        text += row(
          "\(speed.name), \(speed.unit)", "\(speed.threads)", PlainText.decimals(speed.measured, 1),
          speed.possible.map { PlainText.decimals($0, 1) } ?? "-",
          speed.possible.map { PlainText.decimals(100 * speed.measured / $0, 0) + " %" } ?? "-")
      }
    }
    text += report.findings.isEmpty ? "\nNo problems found.\n" : ""
    for finding in report.findings {
      text += "\n\(finding.problem)\n  \(finding.remedy)\n"
    }
    return text
  }

  private func row(_ name: String, _ columns: String...) -> String {
    name.padded(to: 34) + columns.map { $0.padded(to: -10) }.joined() + "\n"
  }
}

extension SystemReport {
  /// Measures x Wᵀ with a matrix in NF4, beside the same product in float.
  mutating func measurePacked() {
    let (rows, inner, columns) = (512, 1_024, 1_376)
    var source = RandomSource(seed: 1)
    let dense = Tensor<Float>.normal([columns, inner], using: &source)
    let packed = StoredMatrix(storing: dense, as: .nf4())
    let x = Tensor<Float>.normal([rows, inner], using: &source)
    let rate = Self.best(of: 12, work: 2e-9 * Double(rows * inner * columns)) {
      _ = matmulTransposed(x, packed)
    }
    let float = speeds.last { $0.name == "products in float" }
    add(
      Speed(
        name: "products with NF4", unit: "GFLOP/s", threads: threads, measured: rate,
        possible: float?.possible))
  }
}
