public import JSON
public import TensorFiles

/// A family of models that `Decoder` implements: its names, and how its `config.json` translates to the
/// options of a `DecoderConfiguration` and back.
///
/// Sizes and constants common to all families are read and written for it. Two families with the same
/// `modelType` are equal.
public struct DecoderFamily: Sendable, Hashable, CustomStringConvertible {
  /// The field `model_type` of a `config.json`.
  public let modelType: String
  /// The field `architectures`.
  public let architecture: String
  /// Defaults of fields that a file may leave out, where they differ from a Llama's.
  let defaults: JSONObject
  let read: @Sendable (inout DecoderConfiguration, JSONDocument) throws(TensorFileError) -> Void
  let write: @Sendable (DecoderConfiguration) -> JSONObject
  let place: @Sendable (DecoderConfiguration, String) -> TensorPlace?
  /// How GGUF files hold the models; nil where none do.
  let gguf: GGUFLayout?

  /// A family.
  ///
  /// - Parameters:
  ///   - modelType: The field `model_type`.
  ///   - architecture: The field `architectures`.
  ///   - defaults: Defaults of fields that a file may leave out, where they differ from a Llama's.
  ///   - read: Sets the options of a configuration whose sizes have been read.
  ///   - write: The members of a `config.json` in addition to, or in place of, the common ones.
  ///   - place: Where published files hold a tensor of the model; nil if under its own name.
  ///   - gguf: The layout of the models in GGUF files; nil if there is none.
  public init(
    _ modelType: String, architecture: String, defaults: JSONObject = [:],
    read:
      @escaping @Sendable (inout DecoderConfiguration, JSONDocument) throws(TensorFileError)
      -> Void = { _, _ in },
    write: @escaping @Sendable (DecoderConfiguration) -> JSONObject = { _ in [:] },
    place: @escaping @Sendable (DecoderConfiguration, String) -> TensorPlace? = { _, _ in nil },
    gguf: GGUFLayout? = nil
  ) {
    self.modelType = modelType
    self.architecture = architecture
    self.defaults = defaults
    self.read = read
    self.write = write
    self.place = place
    self.gguf = gguf
  }

  /// The type.
  public var description: String { modelType }

  /// Whether both have the same type.
  public static func == (a: DecoderFamily, b: DecoderFamily) -> Bool { a.modelType == b.modelType }

  /// Hashes the type.
  public func hash(into hasher: inout Hasher) { hasher.combine(modelType) }
}

extension ModelFamily {
  /// A family that `Decoder` implements.
  public init(_ family: DecoderFamily) {
    self.init(family.modelType, gguf: family.gguf) { document throws(TensorFileError) in
      try DecoderConfiguration(document, of: family)
    }
  }
}
