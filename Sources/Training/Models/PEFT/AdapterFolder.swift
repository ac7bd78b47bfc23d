#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import JSON
internal import LanguageModels
internal import TensorFiles
internal import Tokenization

/// A folder of the library peft: a LoRA adapter over the model of another path.
struct AdapterFolder: ModelForm {
  private let path: String
  private let adapter: PEFTConfiguration
  private let base: ModelSource

  /// Opens the adapter, and its base where `base` or else `adapter_config.json` says.
  init(path: String, base given: String?) throws {
    self.path = path
    adapter = try PEFTConfiguration(JSONDocument(path: path + "/" + PEFTConfiguration.fileName))
    guard let name = given ?? adapter.base else {
      throw InputError(
        "\(adapter.file) does not say what its base is. Give the base's folder with --base.")
    }
    let beside = [name, path + "/" + name, path + "/" + URL(filePath: name).lastPathComponent]
    let found = beside.first { FileManager.default.fileExists(atPath: $0) }
    guard let found, given == nil || found == name else {
      guard given == nil, let error = ModelSource.hubError(name) else {
        throw InputError(
          "There is no folder '\(name)' with the base of the adapter \(path). Give it with --base.")
      }
      throw InputError(
        "The base of the adapter \(path) is not here. \(error.description) Name it with --base.")
    }
    base = try ModelSource(path: found)
    guard !base.isAdapter else {
      throw InputError(
        "The base of the adapter \(path) is an adapter itself. Merge that first: loqt export \(found) "
          + "--output FOLDER, and give FOLDER with --base.")
    }
  }

  var configuration: any ModelConfiguration { base.configuration }
  var settings: JSONObject { base.settings }

  var companionFolder: String? {
    ModelCompanions.tokenizerError(in: path) == nil ? path : base.companionFolder
  }

  var tokenizer: any Tokenizer {
    get throws {
      guard ModelCompanions.tokenizerError(in: path) == nil else { return try base.tokenizer }
      return try PipelineTokenizer(contentsOf: URL(filePath: path))
    }
  }

  func tensors(of configuration: any ModelConfiguration) throws -> any ModelTensors {
    let name = path + "/adapter_model"
    let isPickle =
      !FileManager.default.fileExists(atPath: name + ".safetensors")
      && FileManager.default.fileExists(atPath: name + ".bin")
    let file = try SafetensorsFile(path: name + (isPickle ? ".bin" : ".safetensors"))
    return try PEFTTensors(
      file, adapter, model: configuration, over: base.tensors(of: configuration))
  }
}
