internal import Formatting
public import LanguageModels
internal import Layers
internal import Training

/// The memory model of the LoQT paper (arXiv 2405.16528, table 1): weights and optimizer state with 2
/// bytes per number, NF4 at 0.5625 bytes, quantised projections, without gradients.
public enum PaperMemory {
  /// A method in the table.
  public enum Method: String, CaseIterable, Sendable {
    case full, loqt, loqtUnquantized = "loqt-nq", galore
  }

  /// GiB of weights and optimizer state as printed in the paper, for ranks 128, 256, 256, 512.
  public static let printed: [(preset: String, rank: Int, gibibytes: [Method: Double])] = [
    ("60m", 128, [.full: 0.36, .loqt: 0.23, .loqtUnquantized: 0.28, .galore: 0.24]),
    ("130m", 256, [.full: 0.76, .loqt: 0.49, .loqtUnquantized: 0.63, .galore: 0.52]),
    ("350m", 256, [.full: 2.06, .loqt: 0.98, .loqtUnquantized: 1.47, .galore: 1.22]),
    ("1b", 512, [.full: 7.80, .loqt: 3.16, .loqtUnquantized: 5.11, .galore: 4.38]),
  ]

  /// Bytes of weights and optimizer state by the formula.
  public static func byteCount(_ method: Method, _ model: LlamaConfiguration, rank: Int) -> Double {
    let shapes = model.linearShapes
    let n = Double(shapes.reduce(0) { $0 + $1.out * $1.in })
    let p = Double(shapes.reduce(0) { $0 + min($1.out, $1.in) * min(rank, $1.out, $1.in) })
    let b = Double(shapes.reduce(0) { $0 + max($1.out, $1.in) * min(rank, $1.out, $1.in) })
    let o = Double(model.parameterCount) - n
    let q = 0.5625
    switch method {
    case .full: return 2 * (n + o) + 4 * (n + o)
    case .galore: return 2 * (n + o) + 2 * p + 4 * b + 4 * o
    case .loqtUnquantized: return 2 * (n + o) + 2 * (p + b) + 4 * (b + o)
    case .loqt: return q * n + q * p + 2 * b + 2 * o + 4 * (b + o)
    }
  }

  /// A table of the paper's numbers, those of its formula, and their deviation.
  public static var table: String {
    var text = "GiB of weights and optimizer state: paper, its formula, deviation of the formula\n"
    for (preset, rank, printed) in printed {
      guard let model = LlamaConfiguration.preset(preset) else { continue }
      for method in Method.allCases {
        guard let paper = printed[method] else { continue }
        let formula = byteCount(method, model, rank: rank) / gibibyte
        text +=
          "\(preset) \(method.rawValue)".padded(to: 14)
          + printf("%6.2f %7.3f %+6.1f %%\n", paper, formula, 100 * (formula / paper - 1))
      }
    }
    return text
  }
}
