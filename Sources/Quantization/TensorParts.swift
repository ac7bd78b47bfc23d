public import Tensors

/// The plain tensors that something stored consists of, by the name of the part, for files.
public struct TensorParts: Equatable, Sendable {
  /// Parts that are packed codes.
  public var bytes: [String: Tensor<UInt8>]
  /// Parts that are numbers.
  public var floats: [String: Tensor<Float>]

  /// Parts under their names.
  public init(bytes: [String: Tensor<UInt8>] = [:], floats: [String: Tensor<Float>] = [:]) {
    self.bytes = bytes
    self.floats = floats
  }
}

/// The number of elements of a shape that comes from outside and may overflow.
func elementCount(of shape: Shape) throws(QuantizationError) -> Int {
  var product = 1
  for size in shape {
    let (value, overflow) = product.multipliedReportingOverflow(by: size)
    guard !overflow, value < 1 << 48 else {
      throw QuantizationError(.sizeMismatch, "shape \(shape) is too large for any memory")
    }
    product = value
  }
  return product
}

/// A part as a vector of the expected length.
func part<Scalar>(
  _ name: String, of parts: [String: Tensor<Scalar>], count: Int, _ shape: Shape
) throws(QuantizationError) -> Tensor<Scalar> {
  guard let part = parts[name] else {
    throw QuantizationError(.missingPart, "part \"\(name)\" of a tensor \(shape) is missing")
  }
  guard part.elementCount == count else {
    throw QuantizationError(
      .sizeMismatch,
      "part \"\(name)\" has \(part.elementCount) elements where a tensor \(shape) has \(count)")
  }
  return part.flattened()
}

/// A part with only finite numbers, as a vector of the expected length.
func finitePart(
  _ name: String, of parts: [String: Tensor<Float>], count: Int, _ shape: Shape
) throws(QuantizationError) -> Tensor<Float> {
  let scales = try part(name, of: parts, count: count, shape)
  guard scales.isFinite else {
    throw QuantizationError(
      .nonFiniteScale, "part \"\(name)\" of a tensor \(shape) contains NaN or infinity")
  }
  return scales
}
