import ArgumentParser
import Foundation
import Reports
import Terminal
import Training

/// `loqt compare`: several runs beside each other.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Compare runs: a table of their numbers, and a page with their curves in one picture.",
    discussion: "Example: loqt compare runs/loqt-9m-seed0 runs/full-9m-seed0 --output runs.html")

  @Argument(
    help: ArgumentHelp("Folders of runs, or their checkpoints.", valueName: "run"),
    completion: .directory)
  var runs: [String]

  @Option(
    help: ArgumentHelp(
      "Where to write the page. (default: comparison.html)", valueName: "file"),
    completion: .file(extensions: ["html"]))
  var output = "comparison.html"

  func run() throws {
    let names = Self.distinctNames(of: runs)
    let records = try zip(names, runs).map { name, path in
      (name: name, record: try RunFolder.record(ofRun: path))
    }
    let comparison = RunComparison(records)
    Swift.print(printable(comparison.table), terminator: "")
    try comparison.write(to: output)
    Swift.print("page  \(output)")
  }

  /// The last parts of the paths, as many as it takes to tell them apart.
  private static func distinctNames(of paths: [String]) -> [String] {
    let parts = paths.map { path in
      var parts = URL(filePath: path).standardizedFileURL.pathComponents
      if parts.last == "checkpoint" { parts.removeLast() }
      return parts
    }
    let longest = parts.map(\.count).max() ?? 1
    let count = (1...max(1, longest)).first { count in
      Set(parts.map { $0.suffix(count) }).count == parts.count
    }
    return parts.map { $0.suffix(count ?? 1).joined(separator: "/") }
  }
}

extension RunFolder {
  /// The record of a run, by its folder or a checkpoint in it. Throws where there is none.
  static func record(ofRun path: String) throws -> RunRecord {
    let folder = checkpoint(ofRun: path)
    guard let record = try Checkpoint.record(path: folder + "/training.json") else {
      throw InputError(
        "\(path) holds no record of a run. Give the folder of a run that has been saved.")
    }
    return record
  }
}
