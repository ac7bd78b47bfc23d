internal import LanguageModels
internal import TensorFiles
internal import Tensors

/// The tensors of a base with the updates of an adapter added.
struct PEFTTensors: ModelTensors {
  private struct Update {
    let down: String
    let up: String
    let scale: Float
    /// The rows of `up` that are meant, where the file of the base holds several matrices in one.
    let rows: Range<Int>?
    let isEmbedding: Bool
  }

  static let prefix = "base_model.model."

  private let base: any ModelTensors
  private let file: SafetensorsFile
  private var updates: [String: Update] = [:]
  /// Tensors that the adapter has instead of the base's, by the model's names.
  private var replacements: [String: String] = [:]

  /// Finds a place for everything in the file of an adapter.
  ///
  /// Throws a `TensorFileError` for a tensor without one, a factor without its other, or one whose shape
  /// does not fit.
  init(
    _ file: SafetensorsFile, _ configuration: PEFTConfiguration, model: any ModelConfiguration,
    over base: any ModelTensors
  ) throws(TensorFileError) {
    self.base = base
    self.file = file
    var unused = Set(file.names)
    for (own, shape) in model.tensorShapes {
      let place = model.place(of: own)
      let published = place?.name ?? own
      let module = String(published.dropLast(published.hasSuffix(".weight") ? 7 : 0))
      // Trained whole, or an embedding that is saved with its factors.
      for whole in [Self.prefix + published, Self.prefix + module + ".base_layer.weight"]
      where place == nil && unused.remove(whole) != nil {
        try Self.check(file, whole, shape)
        replacements[own] = whole
      }
      guard published.hasSuffix(".weight"), shape.rank == 2 else { continue }
      let names = [
        (Self.prefix + module + ".lora_A.weight", Self.prefix + module + ".lora_B.weight", false),
        (
          Self.prefix + module + ".lora_embedding_A", Self.prefix + module + ".lora_embedding_B",
          true
        ),
      ]
      for (down, up, isEmbedding) in names {
        guard file.entry(named: down) != nil || file.entry(named: up) != nil else { continue }
        guard configuration.targets(module) else {
          throw TensorFileError(
            .unsupported, file: file.path, field: "tensor '\(down)'",
            found:
              "a factor of a matrix that target_modules in \(PEFTConfiguration.fileName) leave out")
        }
        let rank = configuration.rank(of: module)
        let out = place?.rowCount ?? shape[0]
        try Self.check(file, down, isEmbedding ? [rank, shape[0]] : [rank, shape[1]])
        try Self.check(file, up, isEmbedding ? [shape[1], rank] : [out, rank])
        updates[own] = Update(
          down: down, up: up, scale: configuration.scale(of: module), rows: place?.rows,
          isEmbedding: isEmbedding)
        unused.subtract([down, up])
      }
    }
    if let name = unused.min() {
      throw TensorFileError(
        .unsupported, file: file.path, field: "tensor '\(name)'",
        found: "a tensor that the base, a \(model.modelType), has no place for",
        remedy: "Give the base that the adapter was trained on with --base")
    }
  }

  private static func check(_ file: SafetensorsFile, _ name: String, _ shape: Shape)
    throws(TensorFileError)
  {
    let found = file.entry(named: name)?.shape
    guard found != shape else { return }
    throw TensorFileError(
      found == nil ? .missing : .typeMismatch, file: file.path, field: "tensor '\(name)'",
      found: found.map { "\($0)" } ?? "no such tensor",
      expected: "\(shape) by \(PEFTConfiguration.fileName) and the base")
  }

  func tensor(named name: String, shape: Shape) throws(TensorFileError) -> Tensor<Float> {
    var tensor =
      try replacements[name].map { whole throws(TensorFileError) in
        try file.tensor(named: whole, shape: shape)
      } ?? base.tensor(named: name, shape: shape)
    guard let update = updates[name] else { return tensor }
    var up: Tensor<Float> = try file.tensor(named: update.up)
    var down: Tensor<Float> = try file.tensor(named: update.down)
    if update.isEmbedding {
      (up, down) = (down.transposed().contiguous(), up.transposed().contiguous())
    }
    if let rows = update.rows { up = up.sliced(rows, alongAxis: 0).contiguous() }
    tensor.addProduct(up, down, scale: update.scale)
    return tensor
  }
}
