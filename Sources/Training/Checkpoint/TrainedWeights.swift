#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import Autodiff
internal import JSON
package import LanguageModels
package import Layers
internal import TensorFiles
package import Tensors

extension ModelConfiguration {
  /// A model that starts from the weights in a folder: a Hugging Face folder of dense matrices, or a
  /// checkpoint of any method, whose layers provide their effective weights.
  ///
  /// Throws a `TensorFileError` that names what is missing or does not fit.
  package func makeModel(startingFrom folder: String, using linear: LayerBuilder) throws
    -> any LanguageModel
  {
    let path = folder + "/config.json"
    let stored: any Parameterisation =
      FileManager.default.fileExists(atPath: path)
      ? try StoredParameterisations.reading(JSONDocument(path: path)) : DenseMatrices()
    if let dense = stored as? DenseMatrices, dense.packed == nil {
      return try makeModel(reading: SafetensorsFolder(path: folder), using: linear)
    }
    let weights = EffectiveWeights(of: try Checkpoint(path: folder).model)
    linear.source = { name, shape in try weights.tensor(named: name, shape: shape) }
    let model = makeModel(using: linear)
    if let failure = linear.failure { throw failure }
    for (name, parameter) in model.namedParameters() where parameter.shape.rank == 1 {
      parameter.tensor = try weights.tensor(named: name, shape: parameter.shape)
    }
    return model
  }
}

/// The dense tensors equivalent to a model with any kind of layers, each computed on request.
///
/// The layers of one other model read it while they are made, or until their first merge: never from
/// two threads at once, which makes it safe to send.
package final class EffectiveWeights: @unchecked Sendable {
  private let model: any LanguageModel
  private var layers: [String: any LinearLayer] = [:]
  private var parameters: [String: Parameter] = [:]

  /// The tensors of a model.
  package init(of model: any LanguageModel) {
    self.model = model
    for (name, layer) in model.modules(ofType: (any LinearLayer).self) {
      layers[name + ".weight"] = layer
    }
    for (name, parameter) in model.namedParameters() { parameters[name] = parameter }
  }

  /// The tensor of a name. Throws a `TensorFileError` if there is none with that name and shape.
  package func tensor(named name: String, shape: Shape) throws -> Tensor<Float> {
    try check(name, shape)
    return value(of: name)
  }

  /// Throws a `TensorFileError` if there is no tensor with that name and shape.
  func check(_ name: String, _ shape: Shape) throws(TensorFileError) {
    let found: Shape? =
      layers[name].map { [$0.outputSize, $0.inputSize] } ?? parameters[name]?.shape
    guard found != shape else { return }
    throw TensorFileError(
      .missing, file: "the model's weights", field: "tensor '\(name)'",
      found: found.map { "\($0)" } ?? "no such tensor", expected: "\(shape)")
  }

  /// The tensor of a name that `check` has accepted.
  func value(of name: String) -> Tensor<Float> {
    layers[name]?.effectiveWeight() ?? parameters[name]!.tensor
  }
}
