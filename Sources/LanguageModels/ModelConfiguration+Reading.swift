internal import Autodiff
public import Layers
public import TensorFiles
internal import Tensors

extension LanguageModelConfiguration {
  /// A trained model from the tensors of a Hugging Face folder in whichever precision, each read when its layer is made and
  /// gone before the next where the layer packs it: the model is never whole in memory. A LoQT layer
  /// that keeps its original matrix reads it from the files until its first merge.
  ///
  /// - Throws: A `TensorFileError` that names a tensor which is missing, has another shape, or has no
  ///   place in the model, before anything of the model's size is made; or the one that cannot be
  ///   read.
  public func makeModel(reading weights: SafetensorsFolder, using linear: LayerBuilder) throws
    -> any LanguageModel
  {
    try makeModel(reading: PublishedTensors(of: self, in: weights), using: linear)
  }

  /// A trained model from tensors that are made one at a time, each gone before the next where its layer
  /// packs it. A LoQT layer that keeps its original matrix asks for it until its first merge.
  ///
  /// - Throws: A `TensorFileError` where a tensor is missing, has another shape, or cannot be read.
  public func makeModel(reading tensors: any ModelTensors, using linear: LayerBuilder) throws
    -> any LanguageModel
  {
    linear.source = { name, shape in try tensors.tensor(named: name, shape: shape) }
    let model = makeModel(using: linear)
    if let failure = linear.failure { throw failure }
    // Norms and their like, which the builder does not make.
    for (name, parameter) in model.namedParameters() where parameter.shape.rank == 1 {
      parameter.tensor = try tensors.tensor(named: name, shape: parameter.shape)
    }
    return model
  }

  /// A model whose values something else will replace: nothing is drawn, and no original matrix held.
  public func makeModel(toRestoreUsing linear: LayerBuilder) -> any LanguageModel {
    linear.source = { _, shape in .zeros(shape) }
    return makeModel(using: linear)
  }
}
