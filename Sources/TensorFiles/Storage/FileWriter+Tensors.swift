internal import Tensors

extension FileWriter {
  /// Appends the elements in row-major order.
  mutating func write<Scalar: TensorFileScalar>(_ tensor: Tensor<Scalar>) throws(TensorFileError) {
    var failure: TensorFileError?
    tensor.withUnsafeBuffer { scalars in
      do throws(TensorFileError) {
        try write(UnsafeRawBufferPointer(scalars))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Appends floats as F32, F16 or BF16, rounded to nearest even; throws if rounding would make a finite
  /// number infinite.
  mutating func write(
    _ tensor: Tensor<Float>, as elementType: ElementType, file: String, name: String
  ) throws(TensorFileError) {
    switch elementType {
    case .f16:
      try write(tensor, file: file, name: name, as: elementType) {
        ($0.halfBits, Float(halfBits: $0.halfBits).isFinite)
      }
    case .bf16:
      try write(tensor, file: file, name: name, as: elementType) {
        ($0.bfloatBits, Float(bfloatBits: $0.bfloatBits).isFinite)
      }
    default: try write(tensor)
    }
  }

  /// Appends floats narrowed to 16 bits, in chunks of bounded size.
  private mutating func write(
    _ tensor: Tensor<Float>, file: String, name: String, as type: ElementType,
    _ narrow: (Float) -> (bits: UInt16, isFinite: Bool)
  ) throws(TensorFileError) {
    var failure: TensorFileError?
    tensor.withUnsafeBuffer { scalars in
      let chunk = 1 << 16
      var narrowed = [UInt16](repeating: 0, count: min(chunk, scalars.count))
      for start in stride(from: 0, to: scalars.count, by: chunk) where failure == nil {
        let count = min(chunk, scalars.count - start)
        for i in 0..<count {
          let value = scalars[start + i]
          let result = narrow(value)
          narrowed[i] = result.bits
          if !result.isFinite, value.isFinite, failure == nil {
            failure = TensorFileError(
              .unsupported, file: file, field: "tensor \(quoted(name))", found: "\(value)",
              expected: "a number within the range of \(type.rawValue)",
              remedy: "Store it as F32 or BF16")
          }
        }
        guard failure == nil else { return }
        narrowed.withUnsafeBytes { bytes in
          do throws(TensorFileError) {
            try write(UnsafeRawBufferPointer(rebasing: bytes[..<(count * 2)]))
          } catch {
            failure = error
          }
        }
      }
    }
    if let failure { throw failure }
  }
}
