public import ArgumentParser
import Foundation
import Terminal
public import Training

/// `loqt export`: writes a model in a form that other programs load.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a trained model as a folder that other programs load.",
    discussion: """
      The matrices of a checkpoint, low-rank updates merged and packed ones unpacked, become dense matrices in a \
      Hugging Face folder.

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
      \(Checkpoint.DenseStorage.allCases.map(\.rawValue).joined(separator: ", ")).
      """, valueName: "format"))
  var storage = Checkpoint.DenseStorage.float32

  @Flag(help: "Replace the folder if it exists.")
  var force = false

  func run() throws {
    if FileManager.default.fileExists(atPath: output), !force {
      throw InputError(
        "\(output) already exists. Name another folder, or give --force to replace it.")
    }
    let checkpoint = try Checkpoint(path: model)
    try checkpoint.exportDense(to: output, as: storage)
    print("model       \(output)")
  }
}

extension Checkpoint.DenseStorage: ExpressibleByArgument {}
