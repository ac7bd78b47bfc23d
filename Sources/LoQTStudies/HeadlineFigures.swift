import Formatting
import Foundation
import JSON
import Reports
import TensorFiles
import Terminal
import Training

/// The figures of the headline runs with their targets.
struct HeadlineFigures {
  /// A figure and its target.
  struct Claim {
    var name: String
    var measured: Double
    var target: Double
    var unit: String
    var isReached: Bool { measured <= target }
  }

  private(set) var claims: [Claim] = []
  private var runs = JSONObject()
  private let results: [String: RunSummary]

  init(_ results: [String: RunSummary]) {
    self.results = results
    func peak(_ name: String) -> Double? { results[name].map { Double($0.peakResidentBytes) } }
    func claim(_ name: String, _ value: Double?, _ target: Double, _ unit: String) {
      if let value { claims.append(Claim(name: name, measured: value, target: target, unit: unit)) }
    }
    for (run, title, target) in [
      ("7b-collected", "7B, gradients collected in bf16 and clipped: peak", 17.0),
      ("7b-per-layer", "7B, gradients consumed at once: peak", 13.5),
      ("13b-per-layer", "13B, gradients consumed at once: peak", 20.5),
      ("7b-4096-tokens", "7B, 4,096 tokens per step: peak", 20.0),
    ] { claim(title, peak(run).map { $0 / gibibyte }, target, "GiB") }
    if let low = peak("1b-loqt"), let full = peak("1b-full") {
      claim("1B, r = 512: peak against that of full-rank Adam", low / full, 0.40, "")
    }
    for (run, title, target) in [
      ("7b-collected", "7B, projection event against a step of 1,024 tokens, C = 0", 1.0),
      ("7b-event-c5", "the same with C = 5", 4.0),
    ] { claim(title, results[run]?.eventShare, target, "") }
    for (name, title) in [("size", "sizes"), ("sequence", "lengths")] {
      let series = Self.series(name, results)
      guard series.count > 1 else { continue }
      claim(
        "tensor bytes over all \(title) against the formula: largest distance",
        series.map { abs($0.result.tensorShare - 1) }.max(), 0.05, "")
      let times = series.compactMap(\.result.secondsPerOperation)
      if let least = times.min(), let most = times.max(), name == "size" {
        claim(
          "time of an operation over all sizes: longest against shortest", most / least, 1.3, "")
      }
    }
    for (name, result) in results.sorted(by: { $0.key < $1.key }) {
      runs[name] = [
        "peak_resident_bytes": .integer(result.peakResidentBytes),
        "tensor_bytes": .integer(result.tensorBytes),
        "tensor_bytes_by_formula": .integer(result.estimatedTensorBytes),
        "seconds_per_step": result.ordinarySeconds.map { .number($0) } ?? .null,
        "seconds_per_operation": result.secondsPerOperation.map { .number($0) } ?? .null,
        "merge_seconds": .array(result.merges.map { .number($0.seconds) }),
      ]
    }
  }

  var table: String {
    claims.map {
      "\($0.name.padded(to: 72))\(PlainText.decimals($0.measured, 2)) \($0.unit) (target \($0.target), "
        + "\($0.isReached ? "reached" : "missed"))\n"
    }.joined()
  }

  /// The runs of a series, from the smallest to the largest; the sizes end with 7B.
  private static func series(
    _ prefix: String, _ results: [String: RunSummary]
  ) -> [(name: String, result: RunSummary)] {
    HeadlineRun.all.compactMap { run in
      guard let result = results[run.name] else { return nil }
      if run.name.hasPrefix(prefix + "-") {
        return (String(run.name.dropFirst(prefix.count + 1)), result)
      }
      return prefix == "size" && run.name == "7b-per-layer" ? ("7b", result) : nil
    }
  }

  /// A table of a series of runs; empty if there are none.
  func costs(_ prefix: String) -> String {
    let series = Self.series(prefix, results)
    guard !series.isEmpty else { return "" }
    let heading =
      prefix.padded(to: 10) + "resident".padded(to: -12) + "tensors".padded(to: -12)
      + "of formula".padded(to: -12) + "s a step".padded(to: -12) + "ps/operation".padded(to: -14)
    return heading + "\n"
      + series.map { name, result in
        name.padded(to: 10) + PlainText.megabytes(result.peakResidentBytes).padded(to: -12)
          + PlainText.megabytes(result.tensorBytes).padded(to: -12)
          + PlainText.decimals(result.tensorShare, 3).padded(to: -12)
          + (result.ordinarySeconds.map { PlainText.decimals($0, 3) } ?? "-").padded(to: -12)
          + (result.secondsPerOperation.map { PlainText.decimals($0 * 1e12, 2) } ?? "-").padded(
            to: -14)
          + "\n"
      }.joined()
  }

  /// The drawing of a series of runs, or nil if there are fewer than two.
  func plot(_ prefix: String, _ title: String) -> String? {
    let series = Self.series(prefix, results)
    guard series.count > 1 else { return nil }
    return CostPlot(
      title,
      series.map {
        CostPlot.Point(
          $0.name, bytes: Double($0.result.tensorBytes),
          formulaBytes: Double($0.result.estimatedTensorBytes),
          secondsPerOperation: $0.result.secondsPerOperation)
      }
    ).svg
  }

  var json: JSONValue {
    [
      "claims": .array(
        claims.map {
          [
            "claim": .string($0.name), "measured": .number($0.measured),
            "target": .number($0.target), "unit": .string($0.unit),
            "reached": .boolean($0.isReached),
          ]
        }),
      "runs": .object(runs),
    ]
  }
}

/// The part of a run's summary that the figures need.
struct RunSummary: Decodable {
  struct Merge: Decodable {
    var step: Int
    var seconds: Double
  }

  var peakResidentBytes: Int
  var tensorBytes: Int
  var estimatedTensorBytes: Int
  var operationsPerStep: Double
  var stepSeconds: [Double]
  var merges: [Merge]

  init(path: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      self = try decoder.decode(Self.self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      throw InputError("\(path) is not the summary of a run. Delete it to repeat the run.")
    }
  }

  /// The ratio of the time of the last projection event, which merges an update, to that of the rest of its
  /// step.
  var eventShare: Double? {
    guard let merge = merges.last, stepSeconds.indices.contains(merge.step) else { return nil }
    return merge.seconds / (stepSeconds[merge.step] - merge.seconds)
  }

  /// Tensor bytes as a share of those of the formula.
  var tensorShare: Double { Double(tensorBytes) / Double(max(1, estimatedTensorBytes)) }

  /// Seconds of an ordinary step per operation of its matrix products.
  var secondsPerOperation: Double? { ordinarySeconds.map { $0 / operationsPerStep } }

  /// The seconds of the fastest step without a merge, except the first, which allocates.
  var ordinarySeconds: Double? {
    let merging = Set(merges.map(\.step))
    return stepSeconds.enumerated().filter { $0.offset > 0 && !merging.contains($0.offset) }
      .map(\.element).min()
  }
}
