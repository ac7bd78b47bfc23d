public import Autodiff
public import Layers

/// What a `Trainer` trains: a model, the losses of its steps, and how it is measured.
///
/// The package's own is `LanguageModelling`; a classifier or anything else with a loss brings its own,
/// and gets the same loop: methods, merges, schedules, evaluations, events, memory and a record.
public protocol TrainingTask: AnyObject {
  /// What is trained.
  var module: any Module { get }
  /// Where the examples come from, for people.
  var source: String { get }
  /// What a person should know about them.
  var notices: [String] { get }
  /// Tokens, or whatever speed is counted in, that a step learns from.
  var tokensPerStep: Int { get }

  /// The loss of each micro-batch of a step, to be computed one after the other, and again where a
  /// merge is measured.
  ///
  /// - Parameters:
  ///   - step: The step of the run, from 0; steps come in order.
  ///   - isMerge: Whether the step merges, for which it may take more examples.
  func losses(of step: Int, isMerge: Bool) throws -> [() -> Variable]

  /// How much there is to measure on, in equal units of work; 0 where nothing is measured.
  func size(of evaluation: TaskEvaluation) -> Int
  /// The loss of the model, in nats.
  func measure(_ evaluation: TaskEvaluation) -> Double
  /// Adds to the record of a run what else is known at its end.
  func complete(_ record: inout RunRecord)
}

/// A measurement of a model that is being trained.
public enum TaskEvaluation: Sendable, Hashable {
  /// In the course of the run, on some of the examples that are kept for it.
  case interim
  /// At the end, on all of them.
  case final
}

extension TrainingTask {
  /// None.
  public var notices: [String] { [] }
  /// Nothing.
  public func complete(_ record: inout RunRecord) {}
}
