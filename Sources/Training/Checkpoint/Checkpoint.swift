#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import Autodiff
internal import Formatting
internal import JSON
public import LanguageModels
internal import Layers
internal import ModelFiles
internal import Optimizers
internal import Quantization
internal import QuantizedLayers
internal import Stepping
public import TensorFiles
internal import Tensors
public import Tokenization

/// A trained model in a folder: `model.safetensors` with every tensor as it is held, packed ones
/// included, `config.json` as Hugging Face's with a section that says how, the tokenizer's files and what
/// else lay beside the model that the run began with, and `training.json` with the record of the run.
///
/// Names are those of Hugging Face's Llama; a LoQT layer has `weight.codes`, `weight.absmax`, ... for
/// its packed W, the same below `projection` for P, and `factor` for B. The models of the other
/// methods are plain checkpoints.
/// What a run needs to continue lies there too: `run.json` with its settings, and `optimizer.state`, a
/// safetensors file. `manifest.sha256` has the sums of all files.
public struct Checkpoint {
  /// The model.
  public let model: any LanguageModel
  /// How its linear layers are held.
  public let parameterisation: any Parameterisation
  /// The tokenizer.
  public let tokenizer: any Tokenizer
  /// The record of the run that made it.
  public let record: RunRecord?
  /// What lay beside the tensors of the model that it was made of.
  public let companions: ModelCompanions
  /// What the run needs to go on.
  var run: SavedRun?

  /// A checkpoint of the given parts.
  public init(
    model: any LanguageModel, parameterisation: any Parameterisation = DenseMatrices(),
    tokenizer: any Tokenizer, record: RunRecord?,
    companions: ModelCompanions = ModelCompanions()
  ) {
    self.model = model
    self.parameterisation = parameterisation
    self.tokenizer = tokenizer
    self.record = record
    self.companions = companions
  }

  /// A checkpoint of a trainer's present state.
  public init(_ trainer: LanguageModelTrainer) {
    self.init(
      model: trainer.model, parameterisation: trainer.configuration.plan.layers,
      tokenizer: trainer.corpus.tokenizer, record: trainer.record,
      companions: trainer.task.companions)
    run = SavedRun(RunSettings(trainer), trainer.optimizer.stateTensors)
  }
}

/// What a run needs to go on.
struct SavedRun {
  let settings: RunSettings
  let state: TensorParts

  init(_ settings: RunSettings, _ state: TensorParts) {
    self.settings = settings
    self.state = state
  }
}

/// What a checkpoint holds, of whichever kind of model.
protocol CheckpointContents {
  var module: any Module { get }
  var configuration: any ModelConfiguration { get }
  var parameterisation: any Parameterisation { get }
  var tokenizer: any Tokenizer { get }
  var record: RunRecord? { get }
  var companions: ModelCompanions { get }
  var run: SavedRun? { get }
}

extension Checkpoint: CheckpointContents {
  var module: any Module { model }
  var configuration: any ModelConfiguration { model.erasedConfiguration }

  /// The model of a trainer as it stands, without what its run would go on by.
  public init(modelOf trainer: LanguageModelTrainer) {
    self.init(trainer)
    run = nil
  }

  /// Writes the folder, which appears or is replaced as a whole; its parent exists.
  ///
  /// Throws a `TensorFileError` where the disk is full or the folder cannot be written; what was
  /// there before is untouched then.
  public func write(to path: String) throws(TensorFileError) { try writeFolder(to: path) }

  /// Writes the folder, and moves the one that was there before to `keptPath`; see `write(to:)`.
  package func write(to path: String, keepingOldAt keptPath: String?) throws(TensorFileError) {
    try writeFolder(to: path, keepingOldAt: keptPath)
  }
}

extension CheckpointContents {
  /// Writes the folder, which appears or is replaced as a whole; its parent exists.
  ///
  /// Throws a `TensorFileError` where the disk is full or the folder cannot be written; what was
  /// there before is untouched then.
  ///
  /// - Parameters:
  ///   - path: The folder.
  ///   - keptPath: Where the folder that was there before goes; nil to remove it.
  func writeFolder(to path: String, keepingOldAt keptPath: String? = nil) throws(TensorFileError) {
    let tensors = module.sources
    let state = run.map { $0.state.sources } ?? []
    try checkSpace(for: tensors + state, at: path)
    try AtomicFolder.write(to: path, withManifest: true, keepingOldAt: keptPath) {
      (folder) throws(TensorFileError) in
      try SafetensorsFile.write(tensors, to: folder + "/model.safetensors")
      try checkOriginals()
      try tokenizer.write(to: folder)
      let keepsTokens = try companions.write(to: folder)
      var configuration = companions.settings(
        of: configuration, tokens: keepsTokens ? nil : tokenizer.namedTokens)
      if let key = type(of: parameterisation).checkpointKey, section != .null {
        configuration[key] = section
        ModelFamily.mark(&configuration, packedAs: key)
      }
      try AtomicFile.write(
        JSONValue.object(configuration).text(.indented) + "\n", to: folder + "/config.json")
      if let run {
        try AtomicFile.write(run.settings.json, to: folder + "/run.json")
        try SafetensorsFile.write(state, to: folder + "/optimizer.state")
      }
      if let record {
        try AtomicFile.write(try Self.json(of: record), to: folder + "/training.json")
      }
    }
  }

  /// Throws if the disk has no room for the tensors, before a long write that would end so.
  private func checkSpace(for tensors: [SafetensorsFile.Source], at path: String)
    throws(TensorFileError)
  {
    let needed = tensors.reduce(0) { $0 + $1.byteCount }
    guard let free = ProcessMemory.freeDiskBytes(at: path), free < needed else { return }
    throw TensorFileError(
      .noSpace, file: path,
      found:
        "\(PlainText.megabytes(needed)) to save, and \(PlainText.megabytes(free)) free on the disk",
      remedy:
        "Nothing was saved, and what was there before is unchanged; free some space or choose "
        + "another folder")
  }

  /// Throws if an original matrix could not be read.
  private func checkOriginals() throws(TensorFileError) {
    for (name, layer) in module.modules(ofType: (any StepParticipant).self) {
      guard let failure = layer.deferredMatrix?.failure else { continue }
      throw failure as? TensorFileError
        ?? TensorFileError(.cannotRead, file: name + ".weight", found: "\(failure)")
    }
  }

  /// How the linear layers are held, with the formats of each one's matrices.
  private var section: JSONValue {
    guard case .object(var section) = parameterisation.checkpointSection else {
      return parameterisation.checkpointSection
    }
    var layers = JSONObject()
    for (name, layer) in module.storedLayers {
      var formats = JSONObject()
      for (part, format) in layer.storedFormats {
        formats[part] = format.map { .string($0.name) } ?? .null
      }
      layers[name] = .object(formats)
    }
    section["layers"] = .object(layers)
    return .object(section)
  }

  private static func json(of record: RunRecord) throws(TensorFileError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let data = try? encoder.encode(record) else {
      preconditionFailure("Checkpoint: a record of plain numbers and texts was not encoded")
    }
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}

extension TensorParts {
  /// Its tensors, to be written.
  var sources: [SafetensorsFile.Source] {
    floats.map { .init($0.key, $0.value) } + bytes.map { .init($0.key, $0.value) }
  }
}

extension LanguageModel {
  /// Its configuration as that of any model.
  var erasedConfiguration: any ModelConfiguration { configuration }
}
