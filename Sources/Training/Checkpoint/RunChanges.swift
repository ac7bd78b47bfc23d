internal import Methods
internal import Optimizers

/// What changes when a saved run goes on; nil for what stays.
package struct RunChanges: Sendable {
  /// Steps of the whole run.
  package var steps: Int?
  /// The highest learning rate.
  package var learningRate: Double?
  /// The name of the learning rate's schedule.
  package var schedule: String?
  /// Tokens to measure on at the end.
  package var validationTokens: Int?

  /// No changes.
  package init() {}
}

extension RunSettings {
  /// Whether all steps have been taken.
  package var isFinished: Bool { step >= steps }

  /// Makes the changes. A longer or shorter run keeps the distance of its merges; those of the geometric
  /// schedule, which fill the run, are laid out anew.
  ///
  /// Throws an `InputError` for a length that is behind the saved run already.
  ///
  /// - Returns: What the user should know, a sentence each.
  package mutating func apply(_ changes: RunChanges) throws(InputError) -> [String] {
    var notices: [String] = []
    func told<Value: Equatable>(_ name: String, _ old: Value, _ new: Value) {
      if old != new { notices.append("After step \(step) \(name) is \(new); it was \(old).") }
    }
    if let count = changes.steps {
      guard count >= step else {
        throw InputError(
          "--steps \(count) is less than the \(step) steps that the run has taken. Give more, or leave it "
            + "out.")
      }
      told("the number of steps", steps, count)
      if options.mergeGap == nil, let method = TrainingMethod(rawValue: method) {
        options.mergeGap = method.mergeGap(steps: steps)
      }
      steps = count
    }
    if let rate = changes.learningRate {
      told("the learning rate", learningRate, rate)
      learningRate = rate
    }
    if let name = changes.schedule {
      told("the schedule", schedule ?? ScheduleRule.cosine.name, name)
      schedule = name
    }
    if let tokens = changes.validationTokens { validationTokens = tokens }
    return notices
  }
}
