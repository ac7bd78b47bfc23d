#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import Autodiff
internal import JSON
public import LanguageModels
public import Layers
public import Methods
internal import TensorFiles
public import Tokenization

/// A trained model that a path names, in whichever form: a Hugging Face folder, a checkpoint by any method, a
/// GGUF file, or the folder of a LoRA adapter over one of these.
///
/// Opening it reads its sizes alone; tensors are read when they are asked for, and a model of packed
/// layers is made of them without ever being whole in memory.
///
/// ```swift
/// let source = try ModelSource(path: "SmolLM2-135M")
/// let model = try source.makeModel(using: .dense())
/// let tokens = try source.tokenizer.encode("The capital of France is")
/// ```
public struct ModelSource: Sendable {
  /// The path, as it was given.
  public let path: String
  private let form: any ModelForm

  /// Opens a path.
  ///
  /// Throws an `InputError` where there is no model, with what to do instead, and a `TensorFileError`
  /// that names the file and the field where it is none that can be made.
  ///
  /// - Parameters:
  ///   - path: A folder or a GGUF file.
  ///   - base: The path of the model that an adapter is over; where the adapter itself says when left out.
  public init(path: String, base: String? = nil) throws {
    self.path = path
    form = try Self.form(of: path, base: base)
    guard base == nil || isAdapter else {
      throw InputError("\(path) is no adapter over another model. Leave --base out.")
    }
  }

  /// The sizes and constants.
  public var configuration: any ModelConfiguration { form.configuration }
  /// How its linear layers are held.
  public var parameterisation: any Parameterisation { form.parameterisation }

  /// Its tokenizer, of whichever kind. Throws a `TokenizerError` where there is none or it cannot be read.
  public var tokenizer: any Tokenizer { get throws { try form.tokenizer } }

  /// What lies beside its tensors.
  public var companions: ModelCompanions {
    get throws {
      try ModelCompanions(
        settings: form.settings, configuration: form.configuration, folder: form.companionFolder)
    }
  }

  /// The tensors of the dense model, each made when it is asked for. Throws a `TensorFileError` that names a
  /// tensor which is missing or does not fit.
  public var tensors: any ModelTensors { get throws { try tensors(of: configuration) } }

  /// The tensors of a model of these sizes.
  func tensors(of configuration: any ModelConfiguration) throws -> any ModelTensors {
    try form.tensors(of: configuration)
  }

  /// Whether it is an adapter over another model.
  var isAdapter: Bool { form is AdapterFolder }

  /// A model of other layers that begins with this one's matrices: each is made when its layer is, and gone
  /// before the next where the layer packs it.
  ///
  /// Throws a `TensorFileError` that names a tensor which is missing or does not fit.
  ///
  /// - Parameters:
  ///   - configuration: That of the model; its own when left out.
  ///   - linear: What makes the layers.
  public func makeModel(
    of configuration: (any LanguageModelConfiguration)? = nil, using linear: LayerBuilder
  ) throws -> any LanguageModel {
    let configuration = try configuration ?? self.configuration.asLanguageModel
    return try configuration.makeModel(
      reading: form.tensors(of: configuration), using: linear)
  }

  /// The model with its layers as they are held on the disk; of dense layers where they are dense.
  public func makeModel() throws -> any LanguageModel {
    let configuration = try configuration.asLanguageModel
    if let stored = try form.storedWeights()?.makeModel() as? any LanguageModel { return stored }
    // By the names of its parameters: a model from outside may name no layers while it is made.
    let model = configuration.makeModel(toRestoreUsing: .dense())
    try restore(model)
    return model
  }

  /// A classifier of other layers that begins with this model's matrices. The layers behind the model are
  /// new where it is no classifier, the last of them also where it is one of other classes.
  ///
  /// Throws a `TensorFileError` that names a tensor which is missing or does not fit.
  ///
  /// - Parameters:
  ///   - configuration: That of the classifier, of this model.
  ///   - linear: What makes the layers.
  public func makeClassifier(
    of configuration: ClassifierConfiguration, using linear: LayerBuilder
  ) throws -> SequenceClassifier {
    let (tensors, new) = try form.tensors(ofClassifier: configuration)
    return try configuration.makeClassifier(reading: tensors, new: new, using: linear)
  }

  /// The classifier with its layers as they are held on the disk; of dense layers where they are dense.
  ///
  /// Throws an `InputError` where the model is no classifier.
  public func makeClassifier() throws -> SequenceClassifier {
    guard let configuration = configuration as? ClassifierConfiguration else {
      throw InputError(
        "\(path) is a \(configuration.modelType) that tells no classes. Train it with "
          + "loqt finetune --classify, and give the folder that comes of it.")
    }
    if let stored = try form.storedWeights()?.makeModel() as? SequenceClassifier { return stored }
    return try makeClassifier(of: configuration, using: .dense())
  }

  /// Puts the tensors of a checkpoint into a model with the same layers.
  func restore(_ model: any Module) throws {
    if let stored = try form.storedWeights() { return try stored.restore(model) }
    let tensors = try tensors
    for (name, parameter) in model.namedParameters() {
      parameter.tensor = try tensors.tensor(named: name, shape: parameter.shape)
    }
  }

  /// The tensors as a method holds them; nil for dense ones.
  func storedWeights() throws -> StoredWeights? { try form.storedWeights() }

  /// The folder with the tokenizer's and other files; nil where the form has none.
  var companionFolder: String? { form.companionFolder }

  /// The members of the dense model's `config.json`.
  var settings: JSONObject { form.settings }

  // MARK: Forms

  private static func form(of path: String, base: String?) throws -> any ModelForm {
    let name = URL(filePath: path).lastPathComponent
    if !["", ".", "..", "/"].contains(name) { try AtomicFolder.recover(at: path) }
    let files = FileManager.default
    var isFolder = false
    #if canImport(FoundationEssentials)
      let exists = files.fileExists(atPath: path, isDirectory: &isFolder)
    #else
      var objectiveIsFolder: ObjCBool = false
      let exists = files.fileExists(atPath: path, isDirectory: &objectiveIsFolder)
      isFolder = objectiveIsFolder.boolValue
    #endif
    guard exists else { throw noModel(at: path) }
    // Those of tensors are compared when they are read.
    if isFolder {
      try FolderManifest.verify(path) { !$0.hasSuffix(".safetensors") && !$0.hasSuffix(".state") }
    }
    guard isFolder else {
      if GGUFModel.isModel(at: path) { return try GGUFModelFile(path: path) }
      throw noFolder(path)
    }
    // A folder of peft may have the config.json of its base beside it.
    if files.fileExists(atPath: path + "/" + PEFTConfiguration.fileName) {
      return try AdapterFolder(path: path, base: base)
    }
    if files.fileExists(atPath: path + "/config.json") { return try ModelFolder(path: path) }
    throw noConfiguration(in: path)
  }

  private static func noModel(at path: String) -> InputError {
    if let error = hubError(path) { return error }
    return InputError("There is no model at '\(path)'. Give the folder that holds its config.json.")
  }

  /// How to fetch a model by its name on a hub; nil for what is no such name.
  static func hubError(_ name: String) -> InputError? {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isName =
      parts.count == 2
      && parts.allSatisfy { part in
        !part.isEmpty && !part.hasPrefix(".")
          && part.unicodeScalars.allSatisfy {
            $0.isASCII
              && ($0.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains($0))
          }
      }
    guard isName, !FileManager.default.fileExists(atPath: String(parts[0])) else { return nil }
    return InputError(
      "There is no folder '\(name)'. If it is the name of a model on the Hugging Face hub, fetch it: "
        + "hf download \(name) --local-dir \(parts[1]), and give the folder \(parts[1]).")
  }

  private static func noFolder(_ path: String) -> any Error {
    let folder = URL(filePath: path).deletingLastPathComponent().path
    do {
      // A pickle gets the line that converts it.
      if !path.hasSuffix(".json") { _ = try SafetensorsFile(path: path) }
    } catch {
      return error
    }
    return InputError(
      "\(path) is one file of a model. Give the folder that holds it and config.json, such as \(folder)."
    )
  }

  private static func noConfiguration(in path: String) -> any Error {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    if let name = names.sorted().first(where: { $0.hasSuffix(".gguf") }) {
      return InputError("\(path) holds a GGUF file. Give the file itself: \(path)/\(name).")
    }
    if FileManager.default.fileExists(atPath: path + "/checkpoint/config.json") {
      return InputError("\(path) is the folder of a run. Give the model in it: \(path)/checkpoint.")
    }
    return TensorFileError(
      .missing, file: path + "/config.json", found: "no such file",
      expected: "the sizes of the model", remedy: "Give the folder of a model with its config.json")
  }
}
