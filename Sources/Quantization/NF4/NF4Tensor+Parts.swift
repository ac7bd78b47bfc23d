public import Tensors

extension NF4Tensor {
  /// The packed `codes`, and the scales: the floats `absmax`; or double quantised the bytes
  /// `absmax` with the floats `nested_absmax` and `nested_offset` (one element). The names are
  /// bitsandbytes'.
  public var parts: TensorParts {
    switch scales {
    case .float32(let absmax):
      return TensorParts(bytes: ["codes": codes], floats: ["absmax": absmax])
    case .doubleQuantized(let scaleCodes, let absmax, let offset):
      return TensorParts(
        bytes: ["codes": codes, "absmax": scaleCodes],
        floats: ["nested_absmax": absmax, "nested_offset": Tensor([offset])])
    }
  }

  /// A tensor of `shape` from its `parts`; whatever shape they come in, their elements count.
  ///
  /// - Throws: A ``QuantizationError`` when a part is missing, has the wrong number of elements, or
  ///   a scale is not finite; and for a block size that is not a power of two from 32 to 4096.
  public init(shape: Shape, blockSize: Int, doubleQuantized: Bool, parts: TensorParts)
    throws(QuantizationError)
  {
    guard Self.supports(blockSize: blockSize) else {
      throw QuantizationError(
        .unsupportedBlockSize,
        "NF4: block size \(blockSize) is not a power of two from 32 to 4096")
    }
    let count = try elementCount(of: shape)
    let blocks = dividedUp(count, by: blockSize)
    let codes = try part("codes", of: parts.bytes, count: dividedUp(count, by: 2), shape)
    if doubleQuantized {
      let groups = dividedUp(blocks, by: DynamicMap.blockSize)
      self.init(
        shape: shape, blockSize: blockSize, codes: codes,
        scales: .doubleQuantized(
          codes: try part("absmax", of: parts.bytes, count: blocks, shape),
          absmax: try finite("nested_absmax", of: parts.floats, count: groups, shape),
          offset: try finite("nested_offset", of: parts.floats, count: 1, shape).scalar))
    } else {
      self.init(
        shape: shape, blockSize: blockSize, codes: codes,
        scales: .float32(try finite("absmax", of: parts.floats, count: blocks, shape)))
    }
  }
}

/// The number of elements, where the sizes come from outside and may overflow.
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

private func finite(
  _ name: String, of parts: [String: Tensor<Float>], count: Int, _ shape: Shape
) throws(QuantizationError) -> Tensor<Float> {
  let scales = try part(name, of: parts, count: count, shape)
  guard scales.isFinite else {
    throw QuantizationError(
      .nonFiniteScale, "part \"\(name)\" of a tensor \(shape) has NaN or infinity in it")
  }
  return scales
}
