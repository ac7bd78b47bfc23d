import Tensors

extension WeightFormat {
  /// A tensor of `shape` in this format, from the parts that `fill` hands over in row-major order;
  /// rounded stochastically if there is a generator. The result is that of quantising all elements
  /// at once, however they are cut. Traps for `float32`, which does not quantise.
  func quantizing(
    shape: Shape, rounding random: RandomSource?,
    _ fill: (_ append: (Tensor<Float>) -> Void) throws -> Void
  ) rethrows -> any QuantizedTensor {
    switch self {
    case .float32: preconditionFailure("quantizing: float32 is not a quantised format")
    case .nf4(let blockSize, let doubleQuantized):
      try NF4Tensor(
        shape: shape, blockSize: blockSize, doubleQuantized: doubleQuantized, rounding: random, fill
      )
    case .fp4(let blockSize, let doubleQuantized):
      try FP4Tensor(
        shape: shape, blockSize: blockSize, doubleQuantized: doubleQuantized, rounding: random, fill
      )
    case .int8Blocks(let blockSize, let map):
      try Int8BlockTensor(
        shape: shape, map: map, blockSize: blockSize, rounding: random, fill)
    case .affine(let scheme):
      try AffineTensor(shape: shape, scheme: scheme, rounding: random, fill)
    case .gguf(let block):
      try GGUFBlockTensor(shape: shape, block: block, rounding: random, fill)
    }
  }

  /// A tensor of `shape` in this format from its `parts`. Traps for `float32`.
  func restoring(shape: Shape, parts: TensorParts) throws(QuantizationError) -> any QuantizedTensor
  {
    switch self {
    case .float32: preconditionFailure("restoring: float32 is not a quantised format")
    case .nf4(let blockSize, let doubleQuantized):
      try NF4Tensor(
        shape: shape, blockSize: blockSize, doubleQuantized: doubleQuantized, parts: parts)
    case .fp4(let blockSize, let doubleQuantized):
      try FP4Tensor(
        shape: shape, blockSize: blockSize, doubleQuantized: doubleQuantized, parts: parts)
    case .int8Blocks(let blockSize, let map):
      try Int8BlockTensor(shape: shape, map: map, blockSize: blockSize, parts: parts)
    case .affine(let scheme): try AffineTensor(shape: shape, scheme: scheme, parts: parts)
    case .gguf(let block): try GGUFBlockTensor(shape: shape, block: block, parts: parts)
    }
  }
}

extension WeightFormat {
  /// The names of the parts that a matrix in this format has, apart from the values of a dense one.
  package var partNames: (bytes: [String], floats: [String]) {
    switch self {
    case .float32: ([], [])
    case .nf4(_, doubleQuantized: true), .fp4(_, doubleQuantized: true):
      (["codes", "absmax"], ["nested_absmax", "nested_offset"])
    case .nf4, .fp4, .int8Blocks: (["codes"], ["absmax"])
    case .affine(let scheme):
      (["codes"], scheme.symmetry == .symmetric ? ["scales"] : ["scales", "zeros"])
    case .gguf: (["blocks"], [])
    }
  }
}
