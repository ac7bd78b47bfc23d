public import Tensors

/// Named tensors of numbers in a file or a folder, whatever the format: what a model is read from.
public protocol TensorSource: Sendable {
  /// The path of the file or folder.
  var path: String { get }
  /// The names of all tensors.
  var names: [String] { get }
  /// What the sizes of the tensors follow from, for errors.
  var sizesOrigin: String { get }

  /// The shape of a tensor, or nil where there is none of this name.
  func shape(ofTensor name: String) -> Shape?

  /// A tensor as floats; doubles are rounded. Throws a ``TensorFileError`` where there is none of the name
  /// and shape, or it cannot be read.
  func floats(named name: String, shape: Shape) throws(TensorFileError) -> Tensor<Float>

  /// How the file itself spells a name, for errors.
  func spelling(of name: String) -> String
}

extension TensorSource {
  /// `config.json`.
  public var sizesOrigin: String { "config.json" }

  /// As it is.
  public func spelling(of name: String) -> String { name }
}

extension SafetensorsFolder: TensorSource {
  /// The shape of a tensor, or nil where there is none of this name.
  public func shape(ofTensor name: String) -> Shape? { entry(named: name)?.shape }

  /// A tensor as floats; doubles are rounded.
  public func floats(named name: String, shape: Shape) throws(TensorFileError) -> Tensor<Float> {
    guard entry(named: name)?.elementType == .f64 else {
      return try tensor(named: name, shape: shape)
    }
    return try tensor(named: name, as: Double.self, shape: shape).converted(to: Float.self)
  }
}

extension GGUFFile: TensorSource {
  /// The metadata of the file.
  public var sizesOrigin: String { "the metadata" }

  /// The shape of a tensor, or nil where there is none of this name.
  public func shape(ofTensor name: String) -> Shape? { entry(named: name)?.shape }

  /// A tensor as floats, dequantised or rounded where it is held otherwise.
  public func floats(named name: String, shape: Shape) throws(TensorFileError) -> Tensor<Float> {
    if let entry = entry(named: name), entry.shape != shape {
      throw TensorFileError(
        .typeMismatch, file: path, field: "tensor \(quoted(name)) shape", found: "\(entry.shape)",
        expected: "\(shape)")
    }
    guard entry(named: name)?.elementType.elementType == .f64 else {
      return try tensor(named: name)
    }
    return try tensor(named: name, as: Double.self).converted(to: Float.self)
  }
}
