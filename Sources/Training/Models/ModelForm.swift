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
  /// The tensors as a method holds them; nil where the matrices are dense or held as nothing here holds
  /// them.
  func storedWeights() throws -> StoredWeights?
}

extension ModelForm {
  var parameterisation: any Parameterisation { DenseMatrices() }
  func storedWeights() throws -> StoredWeights? { nil }
}
