public import ArgumentParser
import Foundation
import Terminal
public import Training

/// `loqt export`: writes a model in a form that other programs load.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a trained model in a form that other programs load.",
    discussion: """
      The model is the checkpoint of a run by any method, or anything else that --weights of other commands takes. \
      Its matrices, packed ones and low-rank updates included, become dense matrices in a Hugging Face folder, one \
      at a time in memory.

      Example: loqt export runs/loqt/checkpoint --output model
      """)

  @Argument(help: ArgumentHelp("The folder of the model.", valueName: "folder"))
  var model: String

  @Option(help: ArgumentHelp("The folder to write.", valueName: "folder"))
  var output: String

  @Option(
    help: ArgumentHelp(
      """
      How elements are written: \
      \(DenseStorage.allCases.map(\.rawValue).joined(separator: ", ")). (default: as the model's config.json \
      says, else float32)
      """, valueName: "format"))
  var storage: DenseStorage?

  @Option(
    help: ArgumentHelp(
      "The largest file; a larger model becomes several. (default: 5GB)", valueName: "size"))
  var shardSize: ByteCount = ByteCount(5_000_000_000)

  @Flag(help: "Replace what is there.")
  var force = false

  func run() throws {
    let source = try ModelSource(path: model)
    guard URL(filePath: model).standardized != URL(filePath: output).standardized else {
      throw InputError("\(output) is the model itself. Name another folder with --output.")
    }
    if FileManager.default.fileExists(atPath: output), !force {
      throw InputError(
        "\(output) is there already. Name another folder, or give --force to replace it.")
    }
    try source.exportDense(to: output, as: storage, maximumFileSize: shardSize.bytes)
    print("model       \(output)")
  }
}

extension DenseStorage: ExpressibleByArgument {}

/// A number of bytes, such as `5GB`, `500MB` or `2GiB`.
struct ByteCount: ExpressibleByArgument {
  let bytes: Int

  init(_ bytes: Int) { self.bytes = bytes }

  init?(argument: String) {
    let units = [
      ("gib", 1 << 30), ("mib", 1 << 20), ("kib", 1 << 10), ("gb", 1_000_000_000),
      ("mb", 1_000_000), ("kb", 1_000), ("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10), ("b", 1),
    ]
    let text = argument.lowercased()
    let unit = units.first { text.hasSuffix($0.0) } ?? ("", 1)
    guard let number = Double(text.dropLast(unit.0.count)), number > 0,
      number * Double(unit.1) < 1e18
    else { return nil }
    bytes = Int(number * Double(unit.1))
  }
}
