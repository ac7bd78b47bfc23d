import Autodiff
import Foundation
import JSON
import LanguageModels
import Layers
import Optimizers
import TensorFiles
import Tensors
import TestSupport
import Testing
import Tokenization

@testable import Training

/// Trained models by their paths, and what lies beside them.
@Suite struct ModelSourceTests {
  /// A folder as others publish them: members and files that nothing here knows, in a layout of their own.
  private static let files = [
    "generation_config.json": "{\"temperature\": 0.6,  \"eos_token_id\": [255, 10]}",
    "tokenizer_config.json": "{\"bos_token\": \"A\",\n\n \"eos_token\": \"B\", \"kept\": 1e0}",
    "special_tokens_map.json": "{\"bos_token\": \"A\", \"eos_token\": {\"content\": \"B\"}}",
    "added_tokens.json": "{ }", "vocab.json": "{\"A\":65}", "merges.txt": "#version: 0.2\n",
    "tokenizer.model": "\u{1}no SentencePiece", "chat_template.jinja": "{{ messages }}",
    "chat_template.json": "{\"chat_template\": \"{{ messages }}\"}",
  ]
  private static let members: JSONObject = [
    "torch_dtype": "bfloat16", "bos_token_id": 65, "eos_token_id": [66, 10], "pad_token_id": .null,
    "transformers_version": "4.46.0", "use_cache": true, "attention_dropout": 0.0,
    "our_own": ["nested": [1, 2.5, "three"]],
  ]

  private static func publishedFolder(_ path: String, _ model: LlamaConfiguration = tinyModel)
    throws
  {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try SafetensorsFile.write(
      Llama(model, using: .dense(seed: 3)).parameterTensors, to: path + "/model.safetensors")
    var json = members
    for (key, value) in model.json { json[key] = value }
    json["rope_theta"] = nil
    json["rope_parameters"] = ["rope_theta": 10_000.0, "rope_type": "default"]
    try JSONValue.object(json).text().write(
      toFile: path + "/config.json", atomically: true, encoding: .utf8)
    try ByteTokenizer().save(to: URL(filePath: path))
    let tokenizer = path + "/tokenizer.json"
    let text = try String(contentsOfFile: tokenizer, encoding: .utf8)
    try (text + "\n\n").write(toFile: tokenizer, atomically: true, encoding: .utf8)
    for (name, text) in files {
      try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
    }
  }

  private static func bytes(_ path: String) throws -> Data {
    try Data(contentsOf: URL(filePath: path))
  }

  private static func configuration(_ folder: String) throws -> JSONObject {
    try JSONDocument(path: folder + "/config.json").object
  }

  private static func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = try makeTemporaryFolder()
    defer { removeTemporaryFolder(folder) }
    try await body(folder)
  }

  @Test(arguments: [TrainingMethod.loqt, .full, .qlora])
  func whatLiesBesideAModelSurvivesTrainingAndExport(_ method: TrainingMethod) async throws {
    try await Self.inFolder { folder in
      let published = folder + "/published"
      try Self.publishedFolder(published)
      let source = try ModelSource(path: published)
      let corpus = try Corpus(SourceText(patternedText(8_000)), tokenizer: source.tokenizer)
      let trainer = try Trainer(
        TrainingConfiguration(
          model: source.configuration, weights: published, method: method,
          options: .with { $0.rank = 4 }, steps: 3, batchSize: 2, sequence: 16), corpus: corpus)
      for try await event in trainer { if case .step = event { break } }
      // A run that goes on has only its own folder.
      try Checkpoint(trainer).write(to: folder + "/begun")
      let moved = folder + "/moved"
      try FileManager.default.moveItem(atPath: published, toPath: moved)
      let resumed = try Trainer(resuming: folder + "/begun", corpus: corpus)
      for try await _ in resumed {}
      try Checkpoint(resumed).write(to: folder + "/trained")
      try ModelSource(path: folder + "/trained").exportDense(to: folder + "/dense")
      let original = try Self.configuration(moved)
      for name in ["begun", "trained", "dense"] {
        for file in Self.files.keys.sorted() + ["tokenizer.json"] {
          #expect(
            try Self.bytes("\(folder)/\(name)/\(file)") == Self.bytes("\(moved)/\(file)"),
            "\(name)/\(file)")
        }
        let written = try Self.configuration(folder + "/" + name)
        let isPacked = method != .full && name != "dense"
        for (key, value) in original
        where !(isPacked && ["model_type", "architectures"].contains(key)) {
          #expect(written[key] == value, "\(name): \(key)")
        }
        #expect(written["rope_theta"] == nil)
        #expect((written["quantization_config"] != nil) == isPacked)
      }
      // As its config.json says, and read by others as what it is.
      let tensors = try SafetensorsFile(path: folder + "/dense/model.safetensors")
      #expect(tensors.entries.allSatisfy { $0.elementType == .bf16 })
      #expect(tensors.metadata == ["format": "pt"])
      #expect(try Self.configuration(folder + "/dense") == original)
    }
  }

  @Test func aModelOfARandomStartNamesNoTokensThatItLacks() async throws {
    try await Self.inFolder { folder in
      let trainer = try Trainer(tinyConfiguration(.full, steps: 1), corpus: byteCorpus())
      _ = try await finished(trainer)
      try Checkpoint(trainer).write(to: folder + "/checkpoint")
      let json = try Self.configuration(folder + "/checkpoint")
      for key in ["bos_token_id", "eos_token_id", "pad_token_id"] { #expect(json[key] == .null) }
    }
  }

  @Test func aModelWithOtherTokensTellsThoseAndKeepsNoFilesOfTheOldOnes() async throws {
    try await Self.inFolder { folder in
      let published = folder + "/published"
      try Self.publishedFolder(published)
      let source = try ModelSource(path: published)
      let checkpoint = try Checkpoint(
        model: source.makeModel(), tokenizer: ByteTokenizer(), record: nil,
        companions: source.companions)
      try checkpoint.write(to: folder + "/other")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/other").sorted()
      #expect(
        names == [
          "config.json", "manifest.sha256", "model.safetensors", "tokenizer.json",
          "tokenizer_config.json",
        ])
      let json = try Self.configuration(folder + "/other")
      #expect(json["eos_token_id"] == .null && json["our_own"] == Self.members["our_own"])
    }
  }

  /// As Llama 2's, Phi-3's and Gemma's: characters with a mark for spaces, and bytes for those it lacks.
  private static var sentencePieces: (json: String, count: Int) {
    var vocabulary = JSONObject()
    for token in ["<unk>", "<s>", "</s>"]
      + (0..<256).map({ byte in
        "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
      }) + ["\u{2581}"] + "abcdefghijklmnopqrstuvwxyz".map({ String($0) }) + [
        "th", "the", "\u{2581}the",
      ]
    { vocabulary[token] = .integer(vocabulary.count) }
    let special = ["<unk>", "<s>", "</s>"].enumerated().map { index, token -> JSONValue in
      [
        "id": .integer(index), "content": .string(token), "single_word": false, "lstrip": false,
        "rstrip": false, "normalized": false, "special": true,
      ]
    }
    let json: JSONValue = [
      "version": "1.0", "added_tokens": .array(special),
      "normalizer": [
        "type": "Sequence",
        "normalizers": [
          ["type": "Prepend", "prepend": "\u{2581}"],
          ["type": "Replace", "pattern": ["String": " "], "content": "\u{2581}"],
        ],
      ],
      "pre_tokenizer": nil, "post_processor": nil,
      "decoder": [
        "type": "Sequence",
        "decoders": [
          ["type": "Replace", "pattern": ["String": "\u{2581}"], "content": " "],
          ["type": "ByteFallback"], ["type": "Fuse"],
          ["type": "Strip", "content": " ", "start": 1, "stop": 0],
        ],
      ],
      "model": [
        "type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
        "vocab": .object(vocabulary), "merges": ["t h", "th e", "\u{2581} the"],
      ],
    ]
    return (json.text(.indented), vocabulary.count)
  }

  @Test func aModelWithPiecesOfSentencesIsTrainedAndExported() async throws {
    try await Self.inFolder { folder in
      let (published, pieces) = (folder + "/published", Self.sentencePieces)
      var model = tinyModel
      model.vocabularySize = pieces.count
      try Self.publishedFolder(published, model)
      try pieces.json.write(
        toFile: published + "/tokenizer.json", atomically: true, encoding: .utf8)
      try "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\"}".write(
        toFile: published + "/tokenizer_config.json", atomically: true, encoding: .utf8)
      let source = try ModelSource(path: published)
      let tokenizer = try source.tokenizer
      #expect(tokenizer.encode("the cat") == [288, 259, 262, 260, 279])
      #expect(tokenizer.namedTokens.eos == 2)
      let text = Array(repeating: "the cat sat on the m\u{e4}t; ", count: 400).joined()
      let corpus = try Corpus(SourceText(Array(text.utf8)), tokenizer: tokenizer)
      let trainer = try Trainer(
        TrainingConfiguration(
          model: source.configuration, weights: published, method: .loqt,
          options: .with { $0.rank = 4 }, steps: 4, batchSize: 2, sequence: 16), corpus: corpus)
      let record = try await finished(trainer)
      try Checkpoint(trainer).write(to: folder + "/trained")
      try ModelSource(path: folder + "/trained").exportDense(to: folder + "/dense", as: .float32)
      let read = try Checkpoint(path: folder + "/dense")
      #expect(read.tokenizer.encode(text) == corpus.tokenizer.encode(text))
      #expect(read.tokenizer.decode(read.tokenizer.encode("the m\u{e4}t")) == "the m\u{e4}t")
      let windows = EvaluationWindows.all(of: corpus.validation, sequence: 16, batchSize: 2)
      #expect(abs(read.model.meanLoss(over: windows) - record.validationLoss) < 1e-5)
    }
  }

  @Test func aModelInSeveralFilesIsTheSameModel() throws {
    let fixture = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/phi3_tiny").path
    try withTemporaryFolder { folder in
      try ModelSource(path: fixture).exportDense(to: folder + "/a", maximumFileSize: 9_000)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/a").sorted()
      let shards = names.filter { $0.hasSuffix(".safetensors") }
      let count = shards.count
      #expect(
        shards == (1...count).map { "model-0000\($0)-of-0000\(count).safetensors" } && count >= 3)
      // None is larger than the size, but one that holds a single tensor.
      var total = 0
      for shard in shards {
        let file = try SafetensorsFile(path: folder + "/a/" + shard)
        let size = file.entries.reduce(0) { $0 + $1.byteRange.count }
        #expect(size <= 9_000 || file.entries.count == 1)
        total += size
      }
      let index = try JSONDocument(path: folder + "/a/model.safetensors.index.json")
      #expect(index.object["metadata"]?["total_size"] == .integer(total))
      let (a, b) = (
        try SafetensorsFolder(path: fixture), try SafetensorsFolder(path: folder + "/a")
      )
      #expect(b.names == a.names.filter { b.entry(named: $0) != nil })
      let (one, two) = (
        try ModelSource(path: fixture).makeModel(), try ModelSource(path: folder + "/a").makeModel()
      )
      for (x, y) in zip(one.namedParameters(), two.namedParameters()) {
        #expect(x.1.tensor == y.1.tensor, "\(x.0)")
      }
    }
  }

  @Test func aPathWithoutAModelIsASentenceWithTheRemedy() throws {
    try withTemporaryFolder { folder in
      let files = FileManager.default
      for name in ["empty", "run/checkpoint", "pickled", "packed"] {
        try files.createDirectory(
          atPath: folder + "/" + name, withIntermediateDirectories: true)
      }
      func write(_ text: String, _ name: String) throws {
        try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
      }
      let json = JSONValue.object(tinyModel.json).text()
      try write(json, "run/checkpoint/config.json")
      try write(json, "pickled/config.json")
      try write("PK\u{3}\u{4}", "pickled/pytorch_model.bin")
      var packed = tinyModel.json
      packed["quantization_config"] = ["quant_method": "bitsandbytes"]
      try write(JSONValue.object(packed).text(), "packed/config.json")
      try SafetensorsFile.write(
        ["a": Tensor<Float>.zeros([1])], to: folder + "/empty/model.safetensors")
      for (path, pieces) in [
        ("HuggingFaceTB/SmolLM2-135M", ["hf download HuggingFaceTB/SmolLM2-135M --local-dir"]),
        (folder + "/nowhere", ["no model at"]), ("", ["without a file name"]),
        (folder + "/empty", ["config.json", "no such file"]),
        (folder + "/empty/model.safetensors", ["one file of a model", folder + "/empty"]),
        (folder + "/run", [folder + "/run/checkpoint"]),
        (folder + "/pickled/pytorch_model.bin", ["PyTorch pickle", "torch.load"]),
        (folder + "/pickled", ["PyTorch pickle", "torch.load"]),
        (folder + "/packed", ["bitsandbytes", "dense"]),
      ] {
        let error = #expect(throws: (any Error).self, "\(path)") {
          _ = try ModelSource(path: path).makeModel()
        }
        for piece in pieces { #expect("\(error!)".contains(piece), "\(path): \(error!)") }
      }
    }
  }
}
