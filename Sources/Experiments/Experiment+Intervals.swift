internal import Optimizers
internal import Training

extension Experiment {
  /// When to merge.
  static let intervals = Experiment(
    "intervals", "Intervals between merges",
    question: "How often should LoQT merge, and how should the gaps grow?",
    reference: "exponential",
    claims: [
      Claim("Gaps that grow are better than fixed ones", "exponential", of: "every 1/10"),
      Claim("Geometric gaps are better than the paper's", "geometric 6", of: "exponential"),
    ]
  ) { scale in
    func variant(_ name: String, _ change: (inout MethodOptions) -> Void) -> Variant {
      .paper(name, rates: .best(of: "exponential"), change)
    }
    func every(_ divisor: Int) -> Variant {
      variant("every 1/\(divisor)") {
        $0.mergeSchedule = .static
        $0.mergeGap = max(1, scale.steps / divisor)
      }
    }
    func geometric(_ merges: Int) -> Variant {
      variant("geometric \(merges)") {
        $0.useGeometricMerges()
        $0.merges = merges
      }
    }
    return [
      .paper("exponential", rates: .swept(around: 0.005)), every(10), every(5), every(20), every(3),
      geometric(6), geometric(3), geometric(12),
      variant("linear") {
        $0.mergeSchedule = .linear
        $0.mergeGrowth = Double(max(1, scale.steps / 50))
      },
      variant("never") { $0.neverMerge() },
    ]
  }

  /// What to do with Adam's state at a merge.
  static let states = Experiment(
    "states", "Adam's state at a merge",
    question: """
      A merge changes the basis that Adam's moments of B are in. Should they be kept all the same, set \
      to zero, or carried over?
      """,
    reference: "keep",
    claims: [
      Claim("Carrying the state over is better than keeping it", "project", of: "keep"),
      Claim("Keeping the state is better than setting it to zero", "keep", of: "reset"),
    ]
  ) { _ in
    func variant(_ name: String, _ change: (inout MethodOptions) -> Void) -> Variant {
      .paper(name, rates: .best(of: "keep"), change)
    }
    return [
      .paper("keep", rates: .swept(around: 0.005)),
      variant("project") { $0.stateRule = .project },
      variant("reset") { $0.stateRule = .reset },
      variant("geometric, keep") { $0.useGeometricMerges() },
      variant("geometric, project") {
        $0.useGeometricMerges()
        $0.stateRule = .project
      },
      variant("geometric, reset") {
        $0.useGeometricMerges()
        $0.stateRule = .reset
      },
      variant("8-bit, keep") { $0.optimizer = .adamW8bit },
    ]
  }
}
