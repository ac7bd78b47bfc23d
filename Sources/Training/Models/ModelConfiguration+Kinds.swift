internal import LanguageModels
internal import Layers
internal import Methods
internal import Tensors

extension ModelConfiguration {
  /// This as a language model's. Throws an `InputError` where it is another kind of model.
  var asLanguageModel: any LanguageModelConfiguration {
    get throws(InputError) {
      if let model = self as? any LanguageModelConfiguration { return model }
      let kind = self is ClassifierConfiguration ? "a classifier" : "an encoder"
      throw InputError(
        "The model is \(kind), a \(modelType), which continues no text. Give a language model, or texts "
          + "with labels by --classify.")
    }
  }

  /// A model whose values something else will replace: nothing is drawn, and no original matrix held.
  func makeModule(toRestoreUsing linear: LayerBuilder) -> any Module {
    linear.source = { _, shape in .zeros(shape) }
    switch self {
    case let classifier as ClassifierConfiguration:
      return SequenceClassifier(classifier, using: linear)
    case let model as any TextModelConfiguration:
      return model.makeTextModel(using: linear)
    default: preconditionFailure("a \(modelType) is no model of texts")
    }
  }
}
