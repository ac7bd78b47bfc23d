internal import JSON
internal import LanguageModels
internal import TensorFiles
internal import Tokenization

/// A GGUF file, whose tensors are dequantised when they are asked for.
struct GGUFModelFile: ModelForm {
  private let model: GGUFModel

  init(path: String) throws(TensorFileError) { model = try GGUFModel(path: path) }

  var configuration: any ModelConfiguration { model.configuration }
  var settings: JSONObject { model.settings }
  var companionFolder: String? { nil }
  var tokenizer: any Tokenizer { get throws { try model.tokenizer } }

  func tensors(of configuration: any ModelConfiguration) throws -> any ModelTensors {
    let file = model.file
    try configuration.check(
      fillableFrom: file.entries.reduce(0) { $0 + $1.byteRange.count }, tensors: file.names.count,
      file: file.path)
    return try PublishedTensors(of: configuration, in: model.tensors)
  }
}
