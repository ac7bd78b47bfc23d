internal import Autodiff
public import Layers
internal import Tensors

extension ClassifierConfiguration {
  /// A classifier that begins with the tensors of a trained model, each read when its layer is made and
  /// gone before the next where the layer packs it.
  ///
  /// - Parameters:
  ///   - tensors: By the classifier's names.
  ///   - new: Names of tensors of its own layers that are not among them, and begin at random.
  ///   - linear: What makes the layers.
  /// - Throws: A `TensorFileError` where a tensor is missing, has another shape, or cannot be read.
  public func makeClassifier(
    reading tensors: any ModelTensors, new: Set<String> = [], using linear: LayerBuilder
  ) throws -> SequenceClassifier {
    let layout = layout
    linear.source = { name, shape in
      try tensors.tensor(named: layout.name(ofBody: name), shape: shape)
    }
    let body = body.makeTextModel(using: linear)
    linear.source = nil
    if let failure = linear.failure { throw failure }
    let classifier = SequenceClassifier(self, body: body, using: linear)
    let own = ownTensors()
    // Norms and their like, which the builder does not make.
    for (name, parameter) in classifier.namedParameters()
    where !new.contains(name) && (parameter.shape.rank == 1 || own.contains(name)) {
      parameter.tensor = try tensors.tensor(named: name, shape: parameter.shape)
    }
    return classifier
  }
}
