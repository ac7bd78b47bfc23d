public import Tensors

extension FourBitTensor {
  /// The packed `codes`, and the scales: the floats `absmax`; or, double quantised, the bytes
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

  /// A tensor of `shape` from its `parts`, whatever their shapes: only their elements count.
  ///
  /// - Throws: A ``QuantizationError`` when a part is missing, has the wrong number of elements, or
  ///   a scale is not finite; and for a block size that is not a power of two from 32 to 4096.
  public init(shape: Shape, blockSize: Int, doubleQuantized: Bool, parts: TensorParts)
    throws(QuantizationError)
  {
    guard isBlockSize(blockSize) else {
      throw QuantizationError(
        .unsupportedBlockSize,
        "\(Codebook.name): block size \(blockSize) is not a power of two from 32 to 4096")
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
          absmax: try finitePart("nested_absmax", of: parts.floats, count: groups, shape),
          offset: try finitePart("nested_offset", of: parts.floats, count: 1, shape).scalar))
    } else {
      self.init(
        shape: shape, blockSize: blockSize, codes: codes,
        scales: .float32(try finitePart("absmax", of: parts.floats, count: blocks, shape)))
    }
  }
}
