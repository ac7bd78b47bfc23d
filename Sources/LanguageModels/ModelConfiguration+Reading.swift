internal import Autodiff
public import Layers
public import TensorFiles
internal import Tensors

extension ModelConfiguration {
  /// A trained model from the tensors of a Hugging Face folder, each read when its layer is made and
  /// gone before the next where the layer packs it: the model is never whole in memory. A LoQT layer
  /// that keeps its original matrix reads it from the files until its first merge.
  ///
  /// - Throws: A `TensorFileError` that names a tensor which is missing, has another shape, or has no
  ///   place in the model, before anything of the model's size is made; or the one that cannot be
  ///   read.
  public func makeModel(reading weights: SafetensorsFolder, using linear: LayerBuilder) throws
    -> any LanguageModel
  {
    try check(weights)
    linear.source = { name, shape in try weights.tensor(named: name, shape: shape) }
    let model = makeModel(using: linear)
    if let failure = linear.failure { throw failure }
    // Norms and their like, which the builder does not make.
    for (name, parameter) in model.namedParameters() where parameter.shape.rank == 1 {
      parameter.tensor = try weights.tensor(named: name, shape: parameter.shape)
    }
    return model
  }

  /// A model whose values something else will replace: nothing is drawn, and no original matrix held.
  public func makeModel(toRestoreUsing linear: LayerBuilder) -> any LanguageModel {
    linear.source = { _, shape in .zeros(shape) }
    return makeModel(using: linear)
  }

  /// Throws for the first tensor that a model of these sizes lacks, finds in another shape, or has no
  /// place for.
  func check(_ weights: SafetensorsFolder) throws(TensorFileError) {
    var unused = Set(weights.names)
    for (name, shape) in tensorShapes {
      guard let entry = weights.entry(named: name) else {
        throw TensorFileError(
          .missing, file: weights.path, field: "tensor '\(name)'", found: "no such tensor",
          expected: "\(shape)",
          remedy: "Give the folder of a model whose matrices are dense, with its own config.json")
      }
      guard entry.shape == shape else {
        throw TensorFileError(
          .typeMismatch, file: weights.path, field: "tensor '\(name)' shape",
          found: "\(entry.shape)", expected: "\(shape) by config.json")
      }
      unused.remove(name)
    }
    // A tied head is the embedding again; the angles of rotary positions follow from their base.
    let known = unused.filter {
      $0 == "lm_head.weight" || $0.hasSuffix("rotary_emb.inv_freq")
    }
    if let name = unused.subtracting(known).min() {
      throw TensorFileError(
        .unsupported, file: weights.path, field: "tensor '\(name)'",
        found: "a tensor that a \(modelType) of this config.json has no place for")
    }
  }
}
