#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import Autodiff
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

/// A trained model in a folder: `model.safetensors` with every tensor as the model holds it, packed
/// ones included, Hugging Face's `config.json` with an added section `loqt`, the tokenizer's files, and
/// `training.json` with the record of the run.
///
/// Names are those of Hugging Face's Llama; a LoQT layer has `weight.codes`, `weight.absmax`, ... for
/// its packed W, the same below `projection` for P, and `factor` for B. The models of the other
/// methods are plain checkpoints.
/// An unfinished run adds what it needs to continue: `run.json` with its settings, and
/// `optimizer.state`, a safetensors file.
public struct Checkpoint {
  /// The model.
  public let model: any LanguageModel
  /// How its linear layers are held.
  public let parameterisation: any Parameterisation
  /// The tokenizer.
  public let tokenizer: any Tokenizer
  /// The record of the run that made it.
  public let record: RunRecord?
  /// What an unfinished run needs to continue.
  private var unfinished: (settings: RunSettings, state: TensorParts)?

  /// A checkpoint of the given parts.
  public init(
    model: any LanguageModel, parameterisation: any Parameterisation = DenseMatrices(),
    tokenizer: any Tokenizer, record: RunRecord?
  ) {
    self.model = model
    self.parameterisation = parameterisation
    self.tokenizer = tokenizer
    self.record = record
  }

  /// A checkpoint of a trainer's present state.
  public init(_ trainer: LanguageModelTrainer) {
    self.init(
      model: trainer.model, parameterisation: trainer.configuration.plan.layers,
      tokenizer: trainer.corpus.tokenizer, record: trainer.record)
    if trainer.step < trainer.configuration.steps {
      unfinished = (RunSettings(trainer), trainer.optimizer.stateTensors)
    }
  }

  /// Writes the folder, which is created or replaced as a whole; its parent must exist.
  ///
  /// Throws a `TensorFileError` if the disk is full or the folder cannot be written; an existing folder
  /// is untouched then.
  public func write(to path: String) throws(TensorFileError) {
    try AtomicFolder.write(to: path) { (folder) throws(TensorFileError) in
      do throws(TensorFileError) {
        try SafetensorsFile.write(model.sources, to: folder + "/model.safetensors")
        try checkOriginals()
        var configuration = model.configuration.json
        if let key = type(of: parameterisation).checkpointKey, section != .null {
          configuration[key] = section
          ModelFamily.mark(&configuration, packedAs: key)
        }
        try AtomicFile.write(
          JSONValue.object(configuration).text(.indented) + "\n", to: folder + "/config.json")
        try writeTokenizer(to: folder)
        if let unfinished {
          try AtomicFile.write(unfinished.settings.json, to: folder + "/run.json")
          try SafetensorsFile.write(
            unfinished.state.floats.map { .init($0.key, $0.value) }
              + unfinished.state.bytes.map { .init($0.key, $0.value) },
            to: folder + "/optimizer.state")
        }
        if let record {
          try AtomicFile.write(try Self.json(of: record), to: folder + "/training.json")
        }
      } catch {
        // The temporary folder means nothing to the user, and is removed with all its content.
        var error = error
        error.remedy =
          "Nothing was saved, and what was there before is unchanged; "
          + (error.code == .noSpace ? "free some space" : "check the disk")
          + " or choose another folder"
        if error.file.hasPrefix(folder) { error.file = path + error.file.dropFirst(folder.count) }
        throw error
      }
    }
  }

  /// Throws if an original matrix could not be read.
  private func checkOriginals() throws(TensorFileError) {
    for (name, layer) in model.modules(ofType: (any StepParticipant).self) {
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
    for (name, layer) in model.storedLayers {
      var formats = JSONObject()
      for (part, format) in layer.storedFormats {
        formats[part] = format.map { .string($0.name) } ?? .null
      }
      layers[name] = .object(formats)
    }
    section["layers"] = .object(layers)
    return .object(section)
  }

  func writeTokenizer(to folder: String) throws(TensorFileError) {
    do throws(TokenizerError) {
      try tokenizer.save(to: URL(filePath: folder))
    } catch {
      throw TensorFileError(
        .cannotWrite, file: folder + "/tokenizer.json", found: "the tokenizer cannot be written",
        remedy: "Check that the disk is not full and the folder may be written to")
    }
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
