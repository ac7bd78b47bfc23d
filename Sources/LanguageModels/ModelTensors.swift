public import TensorFiles
public import Tensors

/// The tensors of a trained dense model by the model's own names, each made when it is asked for: as a file
/// holds them, or as packed matrices and low-rank updates amount to.
///
/// Asked from several threads, since layers that keep their original matrix ask again in a training step.
public protocol ModelTensors: Sendable {
  /// One of the tensors. Throws a `TensorFileError` where there is none of the name and shape, or it
  /// cannot be read.
  func tensor(named name: String, shape: Shape) throws(TensorFileError) -> Tensor<Float>
}

extension PublishedTensors: ModelTensors {}
