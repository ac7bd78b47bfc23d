package import JSON
internal import Synchronization
public import TensorFiles

/// A family of models that share a `model_type`, with the reader of their `config.json`.
///
/// A family of this package has its own file and is listed in `known`; others are added by `register`.
public struct ModelFamily: Sendable {
  /// The field `model_type` of a `config.json`.
  public let modelType: String
  /// How GGUF files hold the models; nil where none do.
  let gguf: GGUFLayout?
  private let read: @Sendable (JSONDocument) throws(TensorFileError) -> any ModelConfiguration

  /// A family.
  ///
  /// - Parameters:
  ///   - modelType: The field `model_type` of a `config.json`.
  ///   - gguf: The layout of the models in GGUF files; nil if there is none.
  ///   - read: Makes a configuration from a `config.json`; throws a `TensorFileError` that names the
  ///     field, what was found and what was expected.
  public init(
    _ modelType: String, gguf: GGUFLayout? = nil,
    read: @escaping @Sendable (JSONDocument) throws(TensorFileError) -> any ModelConfiguration
  ) {
    self.modelType = modelType
    self.gguf = gguf
    self.read = read
  }

  /// The families of this package.
  private static let known: [ModelFamily] = [
    ModelFamily(DecoderFamily.llama),
    ModelFamily(DecoderFamily.qwen2),
    ModelFamily(DecoderFamily.mistral),
    ModelFamily(DecoderFamily.qwen3),
    ModelFamily(DecoderFamily.smolLM3),
    ModelFamily(DecoderFamily.phi3),
    ModelFamily(DecoderFamily.gemma2),
    ModelFamily(DecoderFamily.gemma3),
    .gpt2,
  ]
  private static let registered = Mutex<[ModelFamily]>([])

  /// All families, registered ones first.
  public static var all: [ModelFamily] { registered.withLock { $0 } + known }

  /// Registers a family, which takes precedence over any other of the same type.
  public static func register(_ family: ModelFamily) {
    registered.withLock { $0.insert(family, at: 0) }
  }

  /// The configuration in a `config.json`. A file without a type is taken for a Llama's.
  ///
  /// - Throws: A `TensorFileError` that names the field, what was found and what was expected; for an
  ///   unknown type it lists the known ones.
  public static func configuration(_ document: JSONDocument) throws(TensorFileError)
    -> any ModelConfiguration
  {
    var document = document
    if let base = document.object[packedTypeKey] {
      var object = document.object
      object["model_type"] = base
      document = JSONDocument(object, file: document.file)
    }
    let type = try document.optionalString("model_type") ?? "llama"
    let families = all
    guard let family = families.first(where: { $0.modelType == type }) else {
      let names = Set(families.map { "'\($0.modelType)'" }).sorted().joined(separator: ", ")
      throw document.unsupported("model_type", "'\(type)'", "one of \(names)")
    }
    return try family.read(document)
  }

  /// The member of a packed model's `config.json` that holds the type of the dense model.
  private static let packedTypeKey = "packed_model_type"

  /// Marks a `config.json` as that of packed matrices, so that no other program takes the folder for a
  /// dense model and starts from random values.
  ///
  /// - Parameters:
  ///   - configuration: The configuration of the dense model, changed in place.
  ///   - method: The name of the member that describes the packing.
  package static func mark(_ configuration: inout JSONObject, packedAs method: String) {
    configuration[packedTypeKey] = configuration["model_type"]
    configuration["model_type"] = "loqt"
    configuration["architectures"] = ["LoQTForCausalLM"]
    configuration["quantization_config"] = ["quant_method": "loqt", "layers": .string(method)]
  }

  /// The configuration in the `config.json` at a path; see `configuration(_:)`.
  public static func configuration(path: String) throws(TensorFileError) -> any ModelConfiguration {
    try configuration(JSONDocument(path: path))
  }
}
