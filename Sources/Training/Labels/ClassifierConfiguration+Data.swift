public import LanguageModels

extension ClassifierConfiguration {
  /// A classifier of some texts' labels: of a language model, an encoder, or what another classifier is
  /// made of.
  ///
  /// Throws an `InputError` where the model is of another kind.
  public init(_ model: any ModelConfiguration, of data: ClassificationData) throws(InputError) {
    let body = (model as? ClassifierConfiguration)?.body ?? model as? any TextModelConfiguration
    guard let body else {
      throw InputError("A \(model.modelType) is no model that texts can be classified with.")
    }
    self.init(
      body, labels: data.isRegression ? ["value"] : data.labels, isRegression: data.isRegression,
      padding: data.padding)
  }
}
