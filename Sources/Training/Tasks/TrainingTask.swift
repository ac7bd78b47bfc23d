public import Autodiff
public import Layers

/// What a `Trainer` trains: a model, the losses of its steps, and how it is measured.
///
/// The package provides `LanguageModelling`. A classifier or anything else with a loss conforms to
/// share the training loop: methods, merges, schedules, evaluations, events, memory and a record.
public protocol TrainingTask: AnyObject {
  /// The module to train.
  var module: any Module { get }
  /// Where the examples come from, as shown to users.
  var source: String { get }
  /// What the user should know about the examples.
  var notices: [String] { get }
  /// Tokens per step, or whatever unit speed is measured in.
  var tokensPerStep: Int { get }

  /// The loss of each micro-batch of a step, computed one after the other, and again if a merge is
  /// measured.
  ///
  /// - Parameters:
  ///   - step: The step of the run, from 0; steps come in order.
  ///   - isMerge: Whether the step merges, for which it may use more examples.
  func losses(of step: Int, isMerge: Bool) throws -> [() -> Variable]

  /// The size of an evaluation in equal units of work; 0 to skip it.
  func size(of evaluation: TaskEvaluation) -> Int
  /// The loss of the model, in nats.
  func measure(_ evaluation: TaskEvaluation) -> Double
  /// Completes the record of a run with the task's own results.
  func complete(_ record: inout RunRecord)
}

/// A measurement of a model that is being trained.
public enum TaskEvaluation: Sendable, Hashable {
  /// During the run, on some of the validation examples.
  case interim
  /// At the end, on all validation examples.
  case final
}

extension TrainingTask {
  /// None.
  public var notices: [String] { [] }
  /// Nothing.
  public func complete(_ record: inout RunRecord) {}
}
