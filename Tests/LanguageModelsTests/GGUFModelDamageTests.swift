import Foundation
import LanguageModels
import TensorFiles
import TestSupport
import Tensors
import Testing
import Tokenization

/// Whatever happens to a GGUF file, opening its model ends in a model or in an error with a sentence.
@Suite struct GGUFModelDamageTests {
  /// A tiny model with a tokenizer, and how long its header is.
  private func makeFile(in folder: String) throws -> (path: String, bytes: [UInt8], header: Int) {
    let source = "\(Fixture.folder)/llama_grouped_tied"
    var model = try ModelFamily.configuration(path: source + "/config.json")
    model.blockCount = 1
    model.vocabularySize = 257
    let shapes = model
    let path = folder + "/model.gguf"
    try GGUFModel.write(
      shapes, tensors: Zeros(), tokenizer: ByteTokenizer(), chatTemplate: "<|im_start|>",
      as: .q8_0, to: path)
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let end = try GGUFFile(path: path).entries.map(\.byteRange.upperBound).max() ?? 0
    return (path, bytes, bytes.count - end)
  }

  /// Reads all there is of a model. Any error but one of the two kinds is a failure.
  private func open(_ path: String) -> (any Error)? {
    do {
      let model = try GGUFModel(path: path)
      let tensors = try PublishedTensors(of: model.configuration, in: model.tensors)
      for (name, shape) in model.configuration.tensorShapes {
        _ = try tensors.tensor(named: name, shape: shape)
      }
      _ = try model.tokenizer.encode("a b")
      return nil
    } catch {
      #expect(error is TensorFileError || error is TokenizerError, "\(error)")
      #expect(
        "\(error)".unicodeScalars.allSatisfy { $0.properties.generalCategory != .control },
        "\(error)")
      return error
    }
  }

  @Test func aFileThatIsCutAnywhereIsRefused() throws {
    try withTemporaryFolder { folder in
      let (path, bytes, header) = try makeFile(in: folder)
      #expect(open(path) == nil)
      let editor = try FileEditor(path)
      for length in Array(0..<header) + Array(stride(from: header, to: bytes.count - 32, by: 991)) {
        try editor.replace(with: Array(bytes[..<length]))
        guard open(path) != nil else {
          Issue.record("\(length) bytes are a model")
          return
        }
      }
    }
  }

  @Test func changedBytesNeverTrap() throws {
    try withTemporaryFolder { folder in
      let (path, bytes, header) = try makeFile(in: folder)
      let editor = try FileEditor(path)
      var random = RandomSource(seed: 7)
      var refused = 0
      for _ in 0..<2_000 {
        var changed = bytes
        for _ in 0..<(1 + Int(random.next() % 3)) {
          // Sizes and types are worth more tries than the tokens in the middle.
          let place = Int(random.next() % UInt64(header))
          changed[place] = random.next() % 2 == 0 ? UInt8(random.next() % 256) : 0xff
        }
        try editor.replace(with: changed)
        if open(path) != nil { refused += 1 }
      }
      #expect(refused > 1_000)
    }
  }

  @Test func aMissingTensorIsNamedAsTheFileSpellsItWithTheNearestName() throws {
    try withTemporaryFolder { folder in
      let (path, bytes, _) = try makeFile(in: folder)
      let text = Array("blk.0.ffn_gate.weight".utf8)
      let place = try #require(
        bytes.indices.first { bytes[$0...].starts(with: text) })
      var changed = bytes
      changed[place + 8] = UInt8(ascii: "m")
      try FileEditor(path).replace(with: changed)
      let error = try #require(open(path) as? TensorFileError)
      #expect(error.code == .missing && error.field == "tensor 'blk.0.ffn_gate.weight'")
      #expect(error.remedy == "The nearest name there is 'blk.0.ffm_gate.weight'")
    }
  }

  @Test func sizesBeyondTheTensorsAreRefusedBeforeAnythingIsMade() throws {
    try withTemporaryFolder { folder in
      let (path, _, _) = try makeFile(in: folder)
      let file = try GGUFFile(path: path)
      for (key, value, field) in [
        ("llama.block_count", 4_000_000_000, "llama.block_count"),
        ("llama.block_count", 0, "llama.block_count"),
        ("llama.attention.head_count", 0, "num_attention_heads"),
        ("llama.attention.head_count_kv", 3, "num_key_value_heads"),
        ("llama.embedding_length", 4_000_000_000, "hidden_size"),
        ("llama.feed_forward_length", 2_000_000_000, "ffn_gate"),
        ("llama.rope.dimension_count", 4, "llama.rope.dimension_count"),
        ("llama.expert_count", 8, "llama.expert_count"),
      ] {
        var metadata = file.metadata
        metadata[key] = .uint32(UInt32(value))
        let changed = folder + "/changed.gguf"
        try GGUFFile.write(
          file.entries.map { entry in
            let shape = entry.shape
            return GGUFFile.Source(entry.name, shape: shape, as: .f32) {
              () throws(TensorFileError) in .zeros(shape)
            }
          }, metadata: metadata, to: changed)
        let error = try #require(open(changed) as? TensorFileError, "\(key) \(value)")
        #expect(error.description.contains(field), "\(error)")
      }
    }
  }
}

/// A model of zeros.
private struct Zeros: ModelTensors {
  func tensor(named name: String, shape: Shape) throws(TensorFileError) -> Tensor<Float> {
    .zeros(shape)
  }
}
