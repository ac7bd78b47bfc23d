internal import CKernels
package import Tensors

/// The blocks of GGUF files that are read as floats and not computed with; the numbers are the format's.
package enum GGUFReadBlock: UInt32, Sendable {
  case q5_0 = 6  // swift-format-ignore: AlwaysUseLowerCamelCase
  case q5_1 = 7  // swift-format-ignore: AlwaysUseLowerCamelCase
  case q2K = 10
  case q3K = 11
  case q4K = 12
  case q5K = 13
  case q6K = 14
  case iq4NL = 20
  case iq4XS = 23

  /// The elements of whole blocks, `shape` in row-major order, rounded as ggml's reference rounds them.
  ///
  /// Traps unless the bytes are as many as the shape's blocks take.
  ///
  /// - Parameters:
  ///   - bytes: The blocks.
  ///   - shape: That of the tensor.
  ///   - elementCount: Elements of a block.
  ///   - byteCount: Bytes of a block.
  /// - Returns: Nil where a step or an offset is not finite.
  package func decoded(
    _ bytes: Tensor<UInt8>, shape: Shape, elementCount: Int, byteCount: Int
  ) -> Tensor<Float>? {
    let blocks = shape.elementCount / elementCount
    precondition(
      blocks * elementCount == shape.elementCount && blocks * byteCount == bytes.elementCount,
      "GGUFReadBlock.decoded: \(bytes.elementCount) bytes are not those of \(shape)")
    var isFinite = true
    let tensor = Tensor<Float>(unsafeUninitializedShape: shape) { out in
      bytes.withPointer { input in
        guard let start = out.baseAddress else { return }
        isFinite = loqt_gguf_decode(Int32(rawValue), input, blocks, start) < 0
      }
    }
    return isFinite ? tensor : nil
  }
}
