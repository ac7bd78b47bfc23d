internal import LanguageModels
internal import Optimizers
internal import Training

extension Experiment {
  /// What improves on the paper's LoQT at equal bytes.
  static let improvements = Experiment(
    "improvements", "Beyond the paper at equal bytes",
    question: """
      Which settings that take no more bytes reach a lower loss than LoQT as its paper has it?
      """,
    reference: "loqt",
    claims: [
      Claim("Six merges with gaps that grow by 1.6 are better", "geometric", of: "loqt"),
      Claim("Carrying Adam's state into the new basis is better", "project", of: "loqt"),
      Claim("8-bit Adam pays when its bytes go into rank", "8-bit, more rank", of: "loqt, r/2"),
    ]
  ) { scale in
    func variant(_ name: String, _ change: (inout MethodOptions) -> Void) -> Variant {
      .paper(name, rates: .best(of: "loqt"), change)
    }
    let half = variant("loqt, r/2") { $0.rank = .count(scale.largestRank / 2) }
    return [
      .paper,
      variant("geometric") { $0.useGeometricMerges() },
      variant("project") { $0.stateRule = .project },
      variant("geometric, project") {
        $0.useGeometricMerges()
        $0.stateRule = .project
      },
      half,
      variant("8-bit, more rank") { $0.optimizer = .adamW8bit }.fitting(half, scale),
      variant("3 merges") {
        $0.useGeometricMerges()
        $0.merges = 3
      },
      variant("postponed") { $0.postponing = 0.1 },
      variant("ratio 2.5") {
        $0.useGeometricMerges()
        $0.mergeGrowth = 2.5
      },
      variant("random rounding") { $0.stochasticRounding = true },
    ]
  }
}

extension ExperimentScale {
  /// A quarter of the hidden size.
  var largestRank: Int {
    LlamaConfiguration.preset(preset).map { max(1, $0.hiddenSize / 4) } ?? 1
  }
}

extension MethodOptions {
  /// Uses six merges that fill the run, each gap longer than the last by a factor of 1.6.
  mutating func useGeometricMerges() {
    mergeSchedule = .geometric
    mergeGrowth = 1.6
    merges = 6
  }
}
