internal import Layers
internal import Quantization
internal import TensorFiles
internal import Tensors
public import Tokenization

extension GGUFModel {
  /// How the matrices of a file are stored. Vectors and positions are always F32.
  public enum Storage: String, Sendable, Hashable, CaseIterable {
    /// 4 bytes an element.
    case f32
    /// 2 bytes, rounded to half precision.
    case f16
    /// 2 bytes, the upper halves of singles.
    case bf16
    /// 8 bits and a step for each 32.
    case q8_0  // swift-format-ignore: AlwaysUseLowerCamelCase
    /// 4 bits and a step for each 32; the embedding and the head in Q8_0.
    case q4_0  // swift-format-ignore: AlwaysUseLowerCamelCase
    /// 4 bits, a step and an offset for each 32; the embedding and the head in Q8_0.
    case q4_1  // swift-format-ignore: AlwaysUseLowerCamelCase

    /// `general.file_type`.
    fileprivate var code: UInt32 {
      switch self {
      case .f32: 0
      case .f16: 1
      case .bf16: 32
      case .q8_0: 7
      case .q4_0: 2
      case .q4_1: 3
      }
    }

    /// The type of a tensor. Rows that are no whole blocks are of F16.
    fileprivate func type(of name: String, _ shape: Shape) -> GGUFElementType {
      if shape.rank < 2 || name == "position_embd.weight" { return .f32 }
      let isTable = ["token_embd.weight", "output.weight"].contains(name)
      let block: GGUFBlock? =
        switch self {
        case .f32, .f16, .bf16: nil
        case .q8_0: .q8_0
        case .q4_0: isTable ? .q8_0 : .q4_0
        case .q4_1: isTable ? .q8_0 : .q4_1
        }
      guard let block else { return self == .f32 ? .f32 : self == .f16 ? .f16 : .bf16 }
      return shape.lastDimension % GGUFBlock.elementCount == 0 ? GGUFElementType(block) : .f16
    }
  }

  /// Writes a model that llama.cpp loads: metadata, tokenizer, chat template, and every tensor, of which one is
  /// in memory at a time. The file appears under its name when it is whole.
  ///
  /// Throws a `TensorFileError` where llama.cpp has no such model or would compute it otherwise, where a
  /// tensor cannot be made or has numbers beyond the range of its type, and where the file cannot be
  /// written; a `TokenizerError` where GGUF has no such tokenizer. What was there before is untouched then.
  ///
  /// - Parameters:
  ///   - configuration: The sizes and constants.
  ///   - tensors: The tensors, by the model's own names.
  ///   - tokenizer: The tokenizer.
  ///   - chatTemplate: The chat template, a program in Jinja; that of the tokenizer's files when nil.
  ///   - name: What the model is called; the name of the file when nil.
  ///   - storage: How matrices are stored.
  ///   - path: The file, whose folder exists.
  public static func write(
    _ configuration: any ModelConfiguration, tensors: any ModelTensors, tokenizer: any Tokenizer,
    chatTemplate: String? = nil, name: String? = nil, as storage: Storage, to path: String
  ) throws {
    guard let layout = configuration.gguf else {
      let known = Set(ModelFamily.all.filter { $0.gguf != nil }.map { "'\($0.modelType)'" })
      throw TensorFileError(
        .unsupported, file: path, field: "'model_type'", found: "'\(configuration.modelType)'",
        expected: "one of \(known.sorted().joined(separator: ", "))",
        remedy: "Write a Hugging Face folder instead")
    }
    var vocabulary = try GGUFVocabulary(of: tokenizer)
    try vocabulary.pad(to: configuration.vocabularySize)
    if let chatTemplate { vocabulary.chatTemplate = chatTemplate }
    var metadata: GGUFMetadata = [
      "general.architecture": .string(layout.architecture), "general.type": .string("model"),
      "general.name": .string(name ?? Self.stem(of: path)),
      "general.file_type": .uint32(storage.code), "general.quantization_version": .uint32(2),
    ]
    let sizes = try layout.write(configuration, path)
    for key in sizes.keys { metadata[key] = sizes[key] }
    vocabulary.write(to: &metadata)
    try GGUFFile.write(
      try sources(configuration, tensors, layout, storage, path: path), metadata: metadata, to: path
    )
  }

  private static func stem(of path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return name.hasSuffix(".gguf") ? String(name.dropLast(".gguf".count)) : name
  }

  private static func sources(
    _ model: any ModelConfiguration, _ tensors: any ModelTensors, _ layout: GGUFLayout,
    _ storage: Storage, path: String
  ) throws(TensorFileError) -> [GGUFFile.Source] {
    var sources: [GGUFFile.Source] = []
    if let divisors = (model as? DecoderConfiguration)?.ropeDivisors {
      sources.append(GGUFFile.Source(GGUFLayout.ropeDivisors, divisors))
    }
    for tensor in PublishedTensor.all(of: model) {
      guard let name = layout.spelling(of: tensor.name) else {
        throw TensorFileError(
          .unsupported, file: path, field: "tensor '\(tensor.name)'",
          found: "a tensor that '\(layout.architecture)' has no name for",
          remedy: "Write a Hugging Face folder instead")
      }
      let change = GGUFChange(of: tensor.name, shape: tensor.shape, model, layout)
      let shape = change.shapeOutside(tensor.shape)
      sources.append(
        GGUFFile.Source(name, shape: shape, as: storage.type(of: name, shape)) {
          () throws(TensorFileError) in
          change.done(to: try tensor.value(from: tensors)).contiguous()
        })
    }
    return sources
  }
}
