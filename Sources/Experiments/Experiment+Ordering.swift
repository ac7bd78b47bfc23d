internal import Optimizers
internal import Training

extension Experiment {
  /// Table 1 of LoQT's paper on a small scale.
  static let ordering = Experiment(
    "ordering", "Methods at equal steps",
    question: "Which method reaches which perplexity after the same steps on the same text?",
    reference: "full",
    claims: [
      Claim("LoQT is within 2.5 % of full-rank training", "loqt", within: 0.025, of: "full"),
      Claim(
        "LoQT without quantisation is within 1.5 % of full-rank training", "loqt-nq",
        within: 0.015, of: "full"),
      Claim("GaLore is within 3.5 % of full-rank training", "galore", within: 0.035, of: "full"),
      Claim("LoQT is better than LoRA", "loqt", of: "lora"),
      Claim("LoQT is better than QLoRA without merges", "loqt", of: "qlora"),
      Claim("LoQT is better than low-rank matrices", "loqt", of: "low-rank"),
    ]
  ) { _ in
    [
      Variant(.full),
      .paper,
      Variant(.loqtUnquantized) { $0.usePaperMerges() },
      Variant(.galore),
      Variant(.lora),
      Variant(.qlora),
      Variant(.lowRank),
      Variant(.relora),
      Variant(.fira),
      Variant(.apollo),
      Variant(.loftq),
      Variant(.adaRankGrad),
      Variant(.qGaLore),
      Variant(.frozen),
    ]
  }
}

extension Variant {
  /// LoQT as in its paper.
  static var paper: Variant { paper("loqt", rates: .swept(around: 0.005)) }

  /// LoQT as in its paper, except for `change`.
  static func paper(
    _ name: String, rates: Rates? = nil, _ change: (inout MethodOptions) -> Void = { _ in }
  ) -> Variant {
    Variant(.loqt, named: name, rates: rates) {
      $0.usePaperMerges()
      $0.compensation = 5
      change(&$0)
    }
  }
}

extension MethodOptions {
  /// Uses gaps that grow by 1.2^k from a tenth of the run, keeps Adam's state and merges every update.
  mutating func usePaperMerges() {
    mergeSchedule = .exponential
    mergeGrowth = 1.2
    stateRule = .keep
    postponing = 0
    optimizer = .adamW
  }
}
