import Foundation
import TensorFiles
import Terminal
import Training

/// Saves a run while it goes on, and never a ruined state in place of a good one.
final class RunSaver<Kind: TrainedKind> {
  private let kind: Kind
  private let folder: RunFolder
  private let console: Console
  private let interval: Int?
  private let history: CheckpointHistory
  private let clock = ContinuousClock()
  private var retryTime: ContinuousClock.Instant?
  /// The last good state: after which step, and where.
  private(set) var lastGood: (step: Int, path: String)?
  /// Whether the folder holds states of another run, which the first one of this run replaces.
  private var replacesOther: Bool

  /// Until a save that failed is tried again.
  private static var pause: Duration { .seconds(60) }

  init(
    _ kind: Kind, in folder: RunFolder, _ control: RunControlArguments, console: Console,
    resumed: (step: Int, path: String)?
  ) {
    self.kind = kind
    self.folder = folder
    self.console = console
    interval = control.saveEvery
    history = CheckpointHistory(
      folder: folder.earlier, limit: control.keep.map { $0 - 1 }, isResumed: resumed != nil)
    lastGood = resumed
    replacesOther = resumed == nil
  }

  /// Saves after a step if it is time to. A save that fails is a warning, and is tried again.
  func saveIfDue(_ trainer: Trainer<Kind.Task>) throws {
    let isDue = interval.map { trainer.step % $0 == 0 } ?? false
    guard isDue || retryTime.map({ clock.now >= $0 }) ?? false else { return }
    do {
      try save(trainer)
    } catch let error as UnsoundState {
      console.warn("warning: \(error)")
    } catch let error as TensorFileError {
      retryTime = clock.now + Self.pause
      console.warn("warning: \(error). The run goes on, and saves again in a minute.")
    } catch let error as InputError {
      retryTime = clock.now + Self.pause
      console.warn("warning: \(error) The run goes on, and saves again in a minute.")
    }
  }

  /// Saves now. Throws an `UnsoundState` where the model is ruined, and what writing throws.
  ///
  /// - Parameters:
  ///   - trainer: The run.
  ///   - isSound: Whether the model is known to be good.
  func save(_ trainer: Trainer<Kind.Task>, isSound: Bool = false) throws {
    if !isSound, let problem = try trainer.problem {
      throw UnsoundState(problem, lastGood: lastGood)
    }
    try folder.make()
    // The same step once more is no other state.
    let kept =
      replacesOther || lastGood?.step == trainer.step ? nil : history.place(of: folder.checkpoint)
    try kind.save(trainer, to: folder.checkpoint, isResumable: true, keepingOldAt: kept)
    if replacesOther {
      try? FileManager.default.removeItem(atPath: folder.earlier)
      replacesOther = false
    }
    history.prune()
    lastGood = (trainer.step, folder.checkpoint)
    retryTime = nil
  }
}

/// A state that is not saved since it is no good.
struct UnsoundState: Error, CustomStringConvertible {
  let description: String

  init(_ problem: String, lastGood: (step: Int, path: String)?) {
    let good =
      lastGood.map {
        "The last good state, that after step \($0.step), is in \($0.path), as it was."
      } ?? "No good state has been saved."
    description = "\(problem) This state is not saved. \(good)"
  }
}
