public import Layers
public import TensorFiles

extension Llama {
  /// A trained model from the tensors of a Hugging Face folder; see
  /// `ModelConfiguration.makeModel(reading:using:)`.
  public init(
    _ configuration: LlamaConfiguration, reading weights: SafetensorsFolder,
    using linear: LayerBuilder
  ) throws {
    guard let model = try configuration.makeModel(reading: weights, using: linear) as? Llama else {
      preconditionFailure("LlamaConfiguration makes Llamas")
    }
    self = model
  }
}
