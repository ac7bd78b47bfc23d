internal import LanguageModels
internal import Layers
internal import Optimizers
internal import Training

extension Experiment {
  /// The memory of each method, counted and by formula.
  static let memory = Experiment(
    "memory", "Memory",
    question: """
      What does training hold for each method and size, and is it what the formulas of the method say?
      """,
    findings: { _, _ in
      TrainingMethod.allCases.compactMap { method in
        let rows = LlamaConfiguration.presets.compactMap { row(method, $0.name, $0.configuration) }
        return rows.isEmpty
          ? nil
          : Finding(
            title: method.title,
            note: """
              Weights, projections, adapters and optimizer state in GB (10^9 bytes), single precision \
              but for what a method packs; rank a quarter of the hidden size. Gradients and \
              activations are left out.
              """,
            header: [
              "preset", "weights", "P", "adapters", "optimizer", "sum", "by formula", "of full",
            ],
            rows: rows)
      }
    })

  private static func row(
    _ method: TrainingMethod, _ preset: String, _ model: LlamaConfiguration
  ) -> [Finding.Cell]? {
    guard let plan = try? method.plan(MethodOptions(), model: model, steps: 1_000) else {
      return nil
    }
    let memory = MemoryModel(model)
    let bytes = memory.breakdown(plan)
    let full = memory.breakdown(MethodPlan(layers: .dense()))
    func gigabytes(_ count: Int) -> Finding.Cell { .number(Double(count) / 1e9, decimals: 3) }
    let sum = bytes.total - bytes.gradients
    let formula = MemoryFormula(model, rank: model.hiddenSize / 4).byteCount(of: method)
    return [
      .text(preset), gigabytes(bytes.weights), gigabytes(bytes.projections),
      gigabytes(bytes.adapters), gigabytes(bytes.optimizer), gigabytes(sum),
      .number(formula.map { $0 / 1e9 }, decimals: 3),
      .share(Double(sum) / Double(full.total - full.gradients)),
    ]
  }
}

/// The bytes of weights, projections, adapters and optimizer state as sums over the layers, with 4 bytes
/// per unpacked number.
struct MemoryFormula {
  /// Elements of the matrices, of P and of B of all layers, and of everything else.
  private var n = 0.0, p = 0.0, b = 0.0, rest = 0.0

  init(_ model: LlamaConfiguration, rank: Int) {
    for layer in model.linearShapes {
      let (out, input) = (layer.out, layer.in)
      n += Double(out * input)
      p += Double(min(out, input) * rank)
      b += Double(max(out, input) * rank)
    }
    rest = Double(model.parameterCount - model.linearParameterCount)
  }

  /// The bytes of a method with its default settings; nil if there is no such formula.
  func byteCount(of method: TrainingMethod) -> Double? {
    // NF4 with doubly quantised scales: half a byte, and a byte and 4 / 256 for 64 elements.
    let q = 0.5 + (1 + 4.0 / 256) / 64
    return switch method {
    case .full: 12 * (n + rest)
    case .frozen: 4 * n + 12 * rest
    case .loqt: q * (n + p) + 12 * (b + rest)
    case .loqtUnquantized: 4 * (n + p) + 12 * (b + rest)
    case .galore, .fira: 4 * (n + p) + 8 * b + 12 * rest
    case .apollo: 4 * n + 8 * b + 12 * rest
    case .lora, .relora: 4 * n + 12 * (p + b + rest)
    case .qlora, .loftq: q * n + 12 * (p + b + rest)
    case .lowRank: 12 * (p + b + rest)
    default: nil
    }
  }
}
