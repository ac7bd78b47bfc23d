public import ArgumentParser
import Foundation
public import LanguageModels
import Terminal
public import Training

/// `loqt export`: writes a model in a form that other programs load.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a trained model in a form that other programs load.",
    discussion: """
      The model is the checkpoint of a run by any method, or anything else that --weights of other commands takes. \
      As hf its matrices, packed ones and low-rank updates included, become dense ones in a Hugging Face folder, one \
      at a time in memory. As peft the low-rank updates alone become a LoRA adapter, over the folder of --base or one \
      that is written beside it.

      Example: loqt export runs/loqt/checkpoint --to gguf --quantization q8_0 --output model.gguf
      """)

  @Argument(help: ArgumentHelp("The folder of the model.", valueName: "folder"))
  var model: String

  @Option(
    help: ArgumentHelp(
      "The form: \(Form.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "form"))
  var to = Form.hf

  @Option(help: ArgumentHelp("The folder or GGUF file to write.", valueName: "path"))
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
      """
      How a GGUF file stores matrices: \
      \(GGUFModel.Storage.allCases.map(\.rawValue).joined(separator: ", ")). (default: q8_0)
      """, valueName: "format"))
  var quantization: GGUFModel.Storage?

  @Option(
    help: ArgumentHelp(
      "The largest file; a larger model becomes several. (default: 5GB)", valueName: "size"))
  var shardSize: ByteCount = ByteCount(5_000_000_000)

  @Option(
    help: ArgumentHelp(
      """
      The base of an adapter: of the one that is exported where that is an adapter, else of the one that \
      is written.
      """, valueName: "folder"))
  var base: String?

  @Flag(help: "Replace the folder if it exists.")
  var force = false

  /// What is written.
  enum Form: String, CaseIterable, ExpressibleByArgument {
    case hf, gguf, peft
  }

  func run() throws {
    let source = try ModelSource(path: model, base: to == .peft ? nil : base)
    guard to == .hf || storage == nil else {
      throw InputError(
        "--storage is of --to hf. "
          + (to == .gguf
            ? "Give --quantization." : "Leave it out: an adapter is written in float32."))
    }
    guard to == .gguf || quantization == nil else {
      throw InputError("--quantization is of --to gguf. Give --storage, or leave it out.")
    }
    guard URL(filePath: model).standardized != URL(filePath: output).standardized else {
      throw InputError("\(output) is the model itself. Name another folder with --output.")
    }
    if FileManager.default.fileExists(atPath: output), !force {
      throw InputError(
        "\(output) already exists. Name another folder, or give --force to replace it.")
    }
    switch to {
    case .hf: try source.exportDense(to: output, as: storage, maximumFileSize: shardSize.bytes)
    case .gguf: try source.exportGGUF(to: output, as: quantization ?? .q8_0)
    case .peft:
      try source.exportAdapter(to: output, over: base.map { try ModelSource(path: $0) })
      if base == nil { print("base        \(output)/base") }
    }
    print("\(to == .peft ? "adapter     " : "model       ")\(output)")
  }
}

extension DenseStorage: ExpressibleByArgument {}
extension GGUFModel.Storage: ExpressibleByArgument {}

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
