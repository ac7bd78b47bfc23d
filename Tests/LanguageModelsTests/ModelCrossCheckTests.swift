import Autodiff
import Foundation
import JSON
import LanguageModels
import Layers
import TensorFiles
import Tensors
import Testing
import Tokenization

/// What `Tests/CrossChecks/models_gguf.py` asks for: nothing where MODEL_CROSS_CHECK names no folder.
@Suite struct ModelCrossCheckTests {
  static let folder = ProcessInfo.processInfo.environment["MODEL_CROSS_CHECK"]

  /// Answers `requests.json`, a list of objects with the path of a GGUF file as `model` and any of: `ids`, for
  /// whose places the logits are written to `NAME.logits.safetensors`; `prompts` with `count`, to be
  /// continued by the likeliest tokens; `exports`, storages to write the model in as `NAME.STORAGE.gguf`.
  @Test(.enabled(if: folder != nil))
  func requestsAreAnswered() throws {
    let folder = try #require(Self.folder)
    let document = try JSONDocument(path: folder + "/requests.json")
    var answers = JSONObject()
    for (name, request) in document.object {
      let start = ContinuousClock.now
      let file = try GGUFModel(path: #require(request["model"]?.stringValue))
      let model = try file.configuration.makeModel(reading: file.tensors, using: .dense())
      var answer: JSONObject = [:]
      let loaded = ContinuousClock.now - start
      if let ids = request["ids"]?.arrayValue?.compactMap(\.integerValue) {
        let tokens = Tensor(ids.map { Int32($0) }, shape: [1, ids.count])
        try SafetensorsFile.write(
          ["logits": model.logits(tokens).tensor], to: "\(folder)/\(name).logits.safetensors")
      }
      if let prompts = request["prompts"]?.arrayValue {
        let count = request["count"]?.integerValue ?? 16
        answer["continuations"] = .array(
          prompts.map { prompt in
            let ids = prompt.arrayValue?.compactMap(\.integerValue) ?? []
            var random = RandomSource(seed: 0)
            let tokens = model.generate(
              prompts: [ids.map { Int32($0) }], count: count, sampling: Sampling(temperature: 0),
              random: &random)
            return .array(tokens[0].suffix(count).map { .integer(Int($0)) })
          })
      }
      for storage in request["exports"]?.arrayValue?.compactMap(\.stringValue) ?? [] {
        let tensors = try PublishedTensors(of: file.configuration, in: file.tensors)
        try GGUFModel.write(
          file.configuration, tensors: tensors,
          tokenizer: file.vocabulary == nil ? nil : file.tokenizer,
          as: #require(GGUFModel.Storage(rawValue: storage)),
          to: "\(folder)/\(name).\(storage).gguf")
      }
      if let text = request["text"]?.stringValue {
        answer["text_ids"] = .array(try file.tokenizer.encode(text).map { .integer(Int($0)) })
      }
      answer["load_seconds"] = .number(loaded / .seconds(1))
      answers[name] = .object(answer)
    }
    try AtomicFile.write(JSONValue.object(answers).text(), to: folder + "/answers.json")
  }
}
