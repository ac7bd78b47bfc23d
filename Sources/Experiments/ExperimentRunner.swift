public import Training

/// Makes the missing runs of an experiment.
public struct ExperimentRunner: Sendable {
  /// The experiment.
  public let experiment: Experiment
  /// The size of its runs.
  public let scale: ExperimentScale
  /// The store of finished runs.
  public let store: RunStore
  let text: ExperimentText
  let plan: ExperimentPlan

  /// A runner on a text.
  public init(
    _ experiment: Experiment, scale: ExperimentScale, text: ExperimentText, store: RunStore
  ) {
    self.experiment = experiment
    self.scale = scale
    self.text = text
    self.store = store
    plan = ExperimentPlan(variants: experiment.variants(scale), seeds: scale.seeds)
  }

  /// An event while runs are made.
  public enum Event: Sendable {
    /// A run starts.
    case began(name: String, ExperimentRun, open: Int)
    /// A run makes progress.
    case progress(name: String, TrainingProgress)
    /// A run has ended with a validation loss, in nats per token.
    case ended(name: String, ExperimentRun, loss: Double)
    /// All runs that can be made now are being made by other processes.
    case waiting
  }

  /// Makes runs until none are left or `report` returns false. Returns whether none are left.
  public func run(_ report: (Event) -> Bool) async throws -> Bool {
    var cache = LossCache(self)
    while true {
      let open = plan.open { cache.loss($0, $1, $2) }
      if open.isEmpty { return true }
      var hasWorked = false
      for (variant, rate, seed) in open where !hasWorked {
        let run = try self.run(variant, rate, seed)
        let goesOn = try await store.claiming(run.key) {
          // Another process may have finished the run in the meantime.
          if store.record(run.key) != nil { return true }
          guard report(.began(name: variant.name, run, open: open.count)),
            let record = try await run.execute(
              scale, on: text, in: store.path,
              progress: { report(.progress(name: variant.name, $0)) })
          else { return false }
          try store.keep(record, as: run.key)
          return report(.ended(name: variant.name, run, loss: record.validationLoss))
        }
        if goesOn == false { return false }
        hasWorked = goesOn != nil
      }
      if !hasWorked {
        guard report(.waiting) else { return false }
        try await Task.sleep(for: .seconds(2))
      }
    }
  }

  func run(_ variant: Variant, _ rate: Double, _ seed: UInt64) throws(InputError) -> ExperimentRun {
    try ExperimentRun(variant, learningRate: rate, seed: seed, scale: scale, text: text)
  }

  /// Final losses of runs by key; each file is read only once.
  struct LossCache {
    private let runner: ExperimentRunner
    private var losses: [String: Double] = [:]

    init(_ runner: ExperimentRunner) { self.runner = runner }

    /// The loss of a run; infinite if it failed, nil if it is missing.
    mutating func loss(_ variant: Variant, _ rate: Double, _ seed: UInt64) -> Double? {
      guard let key = try? runner.run(variant, rate, seed).key else { return .infinity }
      if let loss = losses[key] { return loss }
      guard let record = runner.store.record(key) else { return nil }
      let loss = record.validationLoss.isFinite ? record.validationLoss : .infinity
      losses[key] = loss
      return loss
    }
  }
}
