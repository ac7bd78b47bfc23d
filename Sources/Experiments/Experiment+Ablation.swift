internal import Optimizers
internal import Quantization
internal import Training

extension Experiment {
  /// What each part of LoQT contributes.
  static let ablation = Experiment(
    "ablation", "Parts of LoQT",
    question: """
      Without compensation LoQT is said to stall; compensation, then growing intervals, to improve it. \
      What does each part contribute?
      """,
    reference: "both",
    claims: [
      Claim("Compensation improves LoQT", "compensation only", of: "none"),
      Claim("Growing intervals improve it further", "both", of: "compensation only"),
      Claim("Without compensation LoQT is worse", "both", of: "intervals only"),
      Claim("Quantising P costs less than 1 %", "both", within: 0.01, of: "W only"),
      Claim("Merging is better than not merging", "both", of: "never merged"),
    ]
  ) { _ in
    func variant(_ name: String, _ change: (inout MethodOptions) -> Void) -> Variant {
      .paper(name, rates: .best(of: "both"), change)
    }
    return [
      .paper("both", rates: .swept(around: 0.005)),
      variant("intervals only") { $0.compensation = 0 },
      variant("compensation only") { $0.mergeSchedule = .static },
      variant("none") {
        $0.compensation = 0
        $0.mergeSchedule = .static
      },
      variant("W only") { $0.projectionFormat = .float32 },
      variant("C = 1") { $0.compensation = 1 },
      variant("C = 2") { $0.compensation = 2 },
      variant("C = 10") { $0.compensation = 10 },
      variant("never merged") { $0.neverMerge() },
    ]
  }
}

extension MethodOptions {
  /// Computes P at the first step and keeps it.
  mutating func neverMerge() {
    mergeSchedule = .geometric
    merges = 0
  }
}
