internal import JSON
internal import LanguageModels
internal import Methods
internal import TensorFiles
internal import Tokenization

/// One of the ways in which a trained model lies on the disk.
protocol ModelForm: Sendable {
  /// The sizes and constants.
  var configuration: any ModelConfiguration { get }
  /// The members of the dense model's `config.json`.
  var settings: JSONObject { get }
  /// How the linear layers are held.
  var parameterisation: any Parameterisation { get }
  /// The folder with the tokenizer's and other files; nil where the form has none.
  var companionFolder: String? { get }
  /// The tokenizer.
  var tokenizer: any Tokenizer { get throws }

  /// The tensors of the dense model, once they are known to be those of `configuration`.
  func tensors(of configuration: any ModelConfiguration) throws -> any ModelTensors
  /// The tensors that a classifier of this model begins with, by the classifier's names, and the names of
  /// those that are not among them.
  func tensors(ofClassifier classifier: ClassifierConfiguration) throws
    -> (tensors: any ModelTensors, new: Set<String>)
  /// The tensors as a method holds them; nil where the matrices are dense or held as nothing here holds
  /// them.
  func storedWeights() throws -> StoredWeights?
}

extension ModelForm {
  var parameterisation: any Parameterisation { DenseMatrices() }
  func storedWeights() throws -> StoredWeights? { nil }

  func tensors(ofClassifier classifier: ClassifierConfiguration) throws
    -> (tensors: any ModelTensors, new: Set<String>)
  { (try tensors(of: configuration), newTensors(of: classifier)) }

  /// The tensors of its own layers that a classifier does not take from this model: all, unless it is a
  /// classifier too, and the last layer's where that tells other classes.
  func newTensors(of classifier: ClassifierConfiguration) -> Set<String> {
    guard let own = configuration as? ClassifierConfiguration else {
      return configuration is any LanguageModelConfiguration
        ? classifier.ownTensors()
        : classifier.ownTensors(lastOnly: true)
    }
    return own.labels == classifier.labels ? [] : classifier.ownTensors(lastOnly: true)
  }
}
