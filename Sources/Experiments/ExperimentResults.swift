internal import Foundation
public import Training

/// The results of an experiment's finished runs.
public struct ExperimentResults: Sendable {
  /// A variant with its finished runs.
  public struct Row: Sendable {
    /// The variant's name.
    public let name: String
    /// The position among the variants.
    public let place: Variant.Place?
    /// The learning rate of all seeds; nil until the sweep is finished.
    public let rate: Double?
    /// Whether a worse rate was found on either side; nil for a rate taken from another variant.
    public let isBracketed: Bool?
    /// The rates tried with the first seed and their final validation losses.
    public let sweep: [(rate: Double, loss: Double)]
    /// The runs at that rate, by seed.
    public let runs: [(seed: UInt64, record: RunRecord)]
    /// The final validation losses.
    public let loss: SampleStatistics
    /// The differences of the losses to those of the reference with the same seeds.
    public let difference: SampleStatistics
    /// The settings of the variant.
    public let settings: [RunRecord.Setting]

    /// The perplexity per token of the mean loss.
    public var perplexity: Double { Training.perplexity(ofLoss: loss.mean) }
    /// Bytes of weights, projections, adapters, optimizer state and gradients.
    public var byteCount: Int? { runs.first?.record.memory.state }
  }

  /// A claim with the differences it is judged by.
  public struct Judgement: Sendable {
    /// The claim.
    public let claim: Claim
    /// The paired differences of the losses.
    public let difference: SampleStatistics
    /// The verdict.
    public var verdict: Claim.Verdict { claim.verdict(difference) }
  }

  /// The experiment.
  public let experiment: Experiment
  /// The size of its runs.
  public let scale: ExperimentScale
  /// Where the text came from.
  public let textName: String
  /// The variants in their order.
  public let rows: [Row]
  /// Runs that are still to be made.
  public let openCount: Int
  /// Findings besides the losses; empty until all runs are finished.
  public private(set) var findings: [Finding] = []

  /// The results of the finished runs.
  ///
  /// Throws if the findings cannot be computed.
  public init(_ runner: ExperimentRunner) throws {
    experiment = runner.experiment
    scale = runner.scale
    textName = runner.text.corpus.name
    var cache = ExperimentRunner.LossCache(runner)
    let plan = runner.plan
    openCount = plan.open { cache.loss($0, $1, $2) }.count
    func losses(_ runs: [(seed: UInt64, record: RunRecord)]) -> [UInt64: Double] {
      Dictionary(uniqueKeysWithValues: runs.map { ($0.seed, $0.record.validationLoss) })
    }
    var found: [(variant: Variant, rate: Double?, sweep: ExperimentPlan.Sweep?)] = []
    for variant in plan.variants {
      let sweep = plan.sweep(of: variant) { cache.loss($0, $1, $2) }
      found.append((variant, plan.rate(of: variant) { cache.loss($0, $1, $2) }, sweep))
    }
    let runs = found.map { part -> [(seed: UInt64, record: RunRecord)] in
      guard let rate = part.rate else { return [] }
      return runner.scale.seeds.compactMap { seed in
        (try? runner.run(part.variant, rate, seed)).flatMap { runner.store.record($0.key) }
          .map { (seed, $0) }
      }
    }
    let reference =
      zip(found, runs).first { $0.0.variant.name == runner.experiment.reference }
      .map { losses($0.1) } ?? [:]
    rows = zip(found, runs).map { part, runs in
      let own = losses(runs)
      return Row(
        name: part.variant.name, place: part.variant.place, rate: part.rate,
        isBracketed: part.sweep?.isBracketed,
        sweep: part.sweep?.losses ?? [], runs: runs,
        loss: SampleStatistics(runs.map(\.record.validationLoss)),
        difference: Self.differences(own, reference),
        settings: runs.first?.record.settings ?? [])
    }
    if openCount == 0 { findings = try experiment.findings(self, runner.text) }
  }

  private static func differences(_ a: [UInt64: Double], _ b: [UInt64: Double])
    -> SampleStatistics
  {
    SampleStatistics(a.keys.sorted().compactMap { seed in b[seed].map { a[seed]! - $0 } })
  }

  /// The claims of the experiment, judged.
  public var judgements: [Judgement] {
    experiment.claims.compactMap { claim in
      guard let a = rows.first(where: { $0.name == claim.variant }),
        let b = rows.first(where: { $0.name == claim.rival })
      else { return nil }
      func losses(_ row: Row) -> [UInt64: Double] {
        Dictionary(uniqueKeysWithValues: row.runs.map { ($0.seed, $0.record.validationLoss) })
      }
      let difference = Self.differences(losses(a), losses(b))
      return difference.count == 0 ? nil : Judgement(claim: claim, difference: difference)
    }
  }
}
