import Foundation
import TensorFiles
import Training

/// The folder that a run writes its results into, and that no other run writes into meanwhile.
final class RunFolder {
  /// Its path.
  let path: String
  private var lock: FolderLock?

  init(_ path: String) { self.path = path }

  var checkpoint: String { path + "/checkpoint" }
  var earlier: String { path + "/earlier" }
  var best: String { path + "/best" }
  var report: String { path + "/report.html" }
  var metrics: String { path + "/metrics" }

  /// Whether a run has left something here.
  private var isUsed: Bool {
    [checkpoint, earlier, best, report, metrics + ".jsonl"].contains {
      FileManager.default.fileExists(atPath: $0)
    }
  }

  /// Throws an `InputError` where a new run would replace what another has left.
  func checkIsFree(overwrites: Bool) throws(InputError) {
    guard isUsed else { return }
    guard overwrites else {
      let isSaved = FileManager.default.fileExists(atPath: checkpoint)
      throw InputError(
        "\(path) holds the results of a run. "
          + (isSaved ? "Go on with that run by loqt resume \(path), name" : "Name")
          + " another folder with --output, or replace it with --overwrite.")
    }
    for folder in [checkpoint, best]
    where FileManager.default.fileExists(atPath: folder)
      && !FileManager.default.fileExists(atPath: folder + "/config.json")
    {
      throw InputError(
        "\(folder) is not the checkpoint of a run and is not replaced. Name another folder with --output."
      )
    }
  }

  /// Makes the folder, checks that it can be written to, and locks it until the program ends.
  ///
  /// Throws an `InputError` with the remedy.
  func claim() throws(InputError) {
    try make()
    guard FileManager.default.isWritableFile(atPath: path) else {
      throw InputError("The folder \(path) cannot be written to. Name another with --output.")
    }
    do throws(TensorFileError) {
      lock = try FolderLock(path)
    } catch {
      throw InputError("\(error)")
    }
    guard lock != nil else {
      throw InputError(
        "Another run is writing into \(path). Wait until it ends, or name another folder with --output."
      )
    }
  }

  /// Makes the folder if it is not there, or no longer.
  func make() throws(InputError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw InputError(
        "The folder \(path) cannot be created. Name another with --output, or check permissions.")
    }
  }

  // MARK: Paths

  /// The checkpoint in the folder of a run; the folder itself if it is one, or if there is none.
  static func checkpoint(ofRun folder: String) -> String {
    let inside = trimmed(folder) + "/checkpoint"
    // A folder that a killed process left under its hidden name is one too.
    try? AtomicFolder.recover(at: inside)
    return !FileManager.default.fileExists(atPath: folder + "/run.json")
      && FileManager.default.fileExists(atPath: inside) ? inside : folder
  }

  /// The folder of the run that a checkpoint is in.
  static func run(ofCheckpoint checkpoint: String) -> String {
    func parent(_ path: String) -> String {
      let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      return parts.isEmpty ? "." : parts == [""] ? "/" : parts.joined(separator: "/")
    }
    let folder = parent(trimmed(checkpoint))
    return folder.split(separator: "/").last == "earlier" ? parent(folder) : folder
  }

  private static func trimmed(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// The path, with a number behind it if there is something already.
  static func unused(_ path: String) -> String {
    var (candidate, number) = (path, 1)
    while FileManager.default.fileExists(atPath: candidate) {
      number += 1
      candidate = "\(path)-\(number)"
    }
    return candidate
  }
}
