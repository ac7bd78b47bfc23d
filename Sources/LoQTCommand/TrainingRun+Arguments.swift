import Foundation
import Training

extension TrainingRun {
  /// The checkpoint in the folder of a run; the folder itself where there is none.
  static func checkpoint(ofRun folder: String) -> String {
    let inside = URL(filePath: folder).appending(component: "checkpoint").path
    return !FileManager.default.fileExists(atPath: folder + "/run.json")
      && FileManager.default.fileExists(atPath: inside) ? inside : folder
  }

  /// The path, with a number behind it where another run has left something there.
  static func unused(_ path: String) -> String {
    var (candidate, number) = (path, 1)
    while FileManager.default.fileExists(atPath: candidate) {
      number += 1
      candidate = "\(path)-\(number)"
    }
    return candidate
  }

  /// Refuses what contradicts itself, before anything is read.
  func checkArguments() throws {
    let run = arguments.runArguments
    if let epochs = arguments.epochs {
      guard run.steps == nil else {
        throw InputError("--epochs and --steps are two lengths of a run. Give one of them.")
      }
      guard epochs > 0, epochs <= 1e6 else {
        throw InputError("--epochs \(epochs) is not above 0. Give a number such as 3.")
      }
    }
    if let patience = arguments.earlyStopping {
      guard patience >= 1 else {
        throw InputError(
          "--early-stopping \(patience) is not a count of evaluations. Give 1 or more.")
      }
      guard arguments.validationTokens != 0 else {
        throw InputError(
          "--early-stopping needs evaluations, and --validation-tokens 0 leaves them out. Leave out one "
            + "of them.")
      }
    }
    if arguments.resume == nil { try arguments.data.trainingData.check() }
  }

  /// Refuses options that a resumed run has its own of.
  func checkResumed() throws {
    let allowed = [
      "resume", "text", "data", "validation", "output", "summary", "threads", "force", "checkpoint",
      "no-checkpoint", "save-every", "early-stopping", "keep-best", "no-keep-best",
    ]
    let given = CommandLine.arguments.dropFirst().filter { $0.hasPrefix("--") }.map {
      String($0.dropFirst(2).prefix { $0 != "=" })
    }
    if let other = given.first(where: { !allowed.contains($0) }) {
      throw InputError(
        "--\(other) was set when the run began and cannot be given with --resume. Leave it out, or begin "
          + "another run.")
    }
  }
}
