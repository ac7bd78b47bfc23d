#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import JSON
public import LanguageModels
internal import TensorFiles
internal import Tensors

/// The element types that a dense model is written in.
public enum DenseStorage: String, Sendable, Hashable, CaseIterable {
  /// 4 bytes an element.
  case float32
  /// 2 bytes, rounded to nearest.
  case bfloat16
  /// 2 bytes, rounded to nearest.
  case float16

  var elementType: ElementType {
    switch self {
    case .float32: .f32
    case .bfloat16: .bf16
    case .float16: .f16
    }
  }
}

extension ModelSource {
  /// The members of a `config.json` that say what elements are: of this generation, and of the older one.
  private static let storageKeys = ["dtype", "torch_dtype"]

  /// What `config.json` says its elements are; nil where it says nothing, or what is not written here.
  public var storage: DenseStorage? {
    Self.storageKeys.lazy.compactMap { settings[$0]?.stringValue }.first
      .flatMap { DenseStorage(rawValue: $0) }
  }

  /// Writes the model as a Hugging Face folder of dense matrices, updates merged, which transformers and
  /// others load: with the members of `config.json` and the files of the source, in several files where
  /// one would be larger than a size. One tensor is in memory at a time.
  ///
  /// Throws a `TensorFileError` where a tensor cannot be read or the folder cannot be written; what was there
  /// before is untouched then.
  ///
  /// - Parameters:
  ///   - path: The folder, which appears or is replaced as a whole; its parent exists.
  ///   - storage: How the elements are written; as `config.json` says, or as floats, when left out.
  ///   - maximumFileSize: The bytes of a file that holds more than one tensor.
  public func exportDense(
    to path: String, as storage: DenseStorage? = nil, maximumFileSize: Int = 5_000_000_000
  ) throws {
    let tensors = try tensors
    let json = try companions.settings(of: configuration, tokens: nil)
    try AtomicFolder.write(to: path) { (folder) throws(TensorFileError) in
      try writeDense(
        tensors, json, as: storage ?? self.storage ?? .float32, maximumFileSize: maximumFileSize,
        to: folder)
    }
  }

  /// Writes the model as a GGUF file that llama.cpp loads, tokenizer and chat template included. One tensor is
  /// in memory at a time.
  ///
  /// Throws where GGUF has no such model or tokenizer, or the file cannot be written; what was there before is
  /// untouched then.
  ///
  /// - Parameters:
  ///   - path: The file, whose folder exists.
  ///   - storage: How matrices are stored.
  public func exportGGUF(to path: String, as storage: GGUFModel.Storage) throws {
    try GGUFModel.write(
      configuration, tensors: tensors, tokenizer: tokenizer, as: storage, to: path)
  }

  /// Writes tensors of this model's configuration, its `config.json` and what lies beside them into a folder.
  func writeDense(
    _ tensors: any ModelTensors, _ settings: JSONObject, as storage: DenseStorage,
    maximumFileSize: Int, to folder: String
  ) throws(TensorFileError) {
    let sources = PublishedTensor.all(of: configuration).map { tensor in
      SafetensorsFile.Source(tensor.name, shape: tensor.shape, as: storage.elementType) {
        () throws(TensorFileError) in try tensor.value(from: tensors)
      }
    }
    var json = settings
    let given = Self.storageKeys.filter { json[$0] != nil }
    for key in given.isEmpty ? ["torch_dtype"] : given { json[key] = .string(storage.rawValue) }
    try SafetensorsFolder.write(
      sources, metadata: ["format": "pt"], maximumFileSize: maximumFileSize, to: folder)
    try AtomicFile.write(
      JSONValue.object(json).text(.indented) + "\n", to: folder + "/config.json")
    try writeCompanions(to: folder)
  }

  /// Writes the files of the tokens and of generation: those of the source as they are, or those that its
  /// tokenizer makes.
  func writeCompanions(to folder: String) throws(TensorFileError) {
    if let source = companionFolder {
      for name in ModelCompanions.names(in: source) {
        let bytes = try ModelCompanions.bytes(of: source + "/" + name)
        try AtomicFile.write(bytes, to: folder + "/" + name)
      }
    } else if let tokenizer = try? tokenizer {
      try tokenizer.write(to: folder)
    }
  }
}
