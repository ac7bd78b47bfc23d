internal import Autodiff
public import Layers
public import TensorFiles
internal import Tensors

extension ModelConfiguration {
  /// A trained model from the tensors of a Hugging Face folder, or any other source with its names and
  /// shapes, in any precision. Each tensor is read when its layer is made, and freed before the next if the
  /// layer packs it, so the dense model is never whole in memory. A LoQT layer that keeps its original matrix
  /// reads it from the files until its first merge.
  ///
  /// - Throws: A `TensorFileError` that names a tensor that is missing, has the wrong shape, or has no
  ///   place in the model, before anything of the model's size is allocated; or a tensor that cannot be
  ///   read.
  public func makeModel(reading weights: some TensorSource, using linear: LayerBuilder) throws
    -> any LanguageModel
  {
    try makeModel(reading: PublishedTensors(of: self, in: weights), using: linear)
  }

  /// A trained model from tensors that are made one at a time, each gone before the next where its layer
  /// packs it. A LoQT layer that keeps its original matrix asks for it until its first merge.
  ///
  /// - Throws: A `TensorFileError` where a tensor is missing, has another shape, or cannot be read.
  public func makeModel(reading tensors: some ModelTensors, using linear: LayerBuilder) throws
    -> any LanguageModel
  {
    linear.source = { name, shape in try tensors.tensor(named: name, shape: shape) }
    let model = makeModel(using: linear)
    if let failure = linear.failure { throw failure }
    // Norms, biases and the like, which the builder does not make.
    for (name, parameter) in model.namedParameters() where parameter.shape.rank == 1 {
      parameter.tensor = try tensors.tensor(named: name, shape: parameter.shape)
    }
    return model
  }

  /// A model of zeros whose values are about to be restored: nothing is drawn, and no original matrix is
  /// held.
  public func makeModel(toRestoreUsing linear: LayerBuilder) -> any LanguageModel {
    linear.source = { _, shape in .zeros(shape) }
    return makeModel(using: linear)
  }
}
