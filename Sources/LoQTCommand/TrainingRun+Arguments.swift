import Foundation
import JSON
import Methods
import Optimizers
import Training

extension TrainingRun {
  /// Refuses what contradicts itself, before anything is read.
  func checkArguments(needsText: Bool = true) throws {
    let run = arguments.runArguments
    if let epochs = arguments.epochs {
      guard run.steps == nil else {
        throw InputError("--epochs and --steps are two lengths of a run. Give one of them.")
      }
      guard epochs > 0, epochs <= 1e6 else {
        throw InputError("--epochs \(epochs) is not above 0. Give a number such as 3.")
      }
    }
    if control.earlyStopping != nil, arguments.validationTokens == 0 {
      throw InputError(
        "--early-stopping needs evaluations, and --validation-tokens 0 leaves them out. Leave out one "
          + "of them.")
    }
    if arguments.resume == nil, needsText { try arguments.data.trainingData.check() }
  }

  /// The settings of a saved run with what changes as it goes on, and what to say about that.
  ///
  /// Throws an `InputError` that names an option which cannot change, and one for a run with nothing left
  /// to do.
  func resumedSettings(_ checkpoint: String) throws -> (RunSettings, notices: [String]) {
    var settings = try RunSettings(checkpoint: checkpoint)
    let allowed = [
      "resume", "text", "data", "validation", "classify", "steps", "learning-rate", "schedule",
      "validation-tokens", "output", "overwrite", "summary", "metrics", "checkpoint", "save-every",
      "keep", "keep-best", "early-stopping", "skip-limit", "threads", "force", "configuration",
    ]
    if let other = CommandLineOptions.current.names.first(where: {
      !allowed.contains(String($0.trimmingPrefix("no-")))
    }) {
      throw InputError(cannotChange: other)
    }
    let notices = try settings.apply(arguments.changes)
    let isMeasured = try Checkpoint.record(path: checkpoint + "/training.json")?.validationLoss
    if settings.isFinished, isMeasured?.isFinite ?? false {
      throw InputError(
        "\(checkpoint) has taken all its \(settings.steps) steps. Make the run longer with --steps."
      )
    }
    return (settings, notices)
  }

  /// Prints all options with their values.
  func printConfiguration() throws {
    let resolved = try arguments.trainingConfiguration(isFineTuning: isFineTuning)
    let (method, plan) = (resolved.method, resolved.plan)
    var values: [String: JSONValue] = [
      "steps": .integer(resolved.steps), "batch": .integer(resolved.batchSize),
      "micro-batches": .integer(resolved.microBatches),
      "merge-batch": .integer(resolved.mergeBatchSize), "sequence": .integer(resolved.sequence),
      "learning-rate": .number(resolved.learningRate), "schedule": .string(resolved.schedule.name),
      "rest-optimizer": .string(plan.restOptimizer.rawValue), "keep": 1,
      "keep-best": .boolean(isFineTuning),
    ]
    if method.uses(.optimizer) { values["optimizer"] = .string(plan.optimizer.rawValue) }
    if method.uses(.mergeGap) {
      values["merge-gap"] = .integer(method.mergeGap(steps: resolved.steps))
    }
    if method.uses(.scale) { values["scale"] = .number(method.defaults.scale) }
    if case .count(let rank)? = plan.rank { values["rank"] = .integer(rank) }
    if arguments.runArguments.weights == nil { values["vocabulary"] = 4_096 }
    print(CommandLineOptions.current.configurationText(resolved: values))
  }
}
