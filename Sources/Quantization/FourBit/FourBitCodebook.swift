internal import CKernels

/// The 16 levels that 4-bit codes stand for.
public protocol FourBitCodebook: Sendable {
  /// The name of the format, for messages.
  static var name: String { get }
  /// The weight format with blocks of these levels.
  static func format(blockSize: Int, doubleQuantized: Bool) -> WeightFormat
  /// The number of the codebook in the kernels.
  static var _kernel: Int32 { get }
}

extension FourBitCodebook {
  /// The level of each code.
  public static var levels: [Float] {
    var levels = [Float](repeating: 0, count: 16)
    loqt_code4_levels(_kernel, &levels)
    return levels
  }

  /// The code of 0.
  static var zeroCode: UInt8 { UInt8(levels.firstIndex(of: 0)!) }
}

/// 4-bit NormalFloat: levels that are each nearest to equally many normal numbers (QLoRA, arXiv
/// 2305.14314, section 3).
public enum NormalFloat4: FourBitCodebook {
  /// NF4.
  public static let name = "NF4"
  /// The weight format with blocks of these levels.
  public static func format(blockSize: Int, doubleQuantized: Bool) -> WeightFormat {
    .nf4(blockSize: blockSize, doubleQuantized: doubleQuantized)
  }
  /// The number of the codebook in the kernels.
  public static var _kernel: Int32 { Int32(LOQT_NF4) }
}

/// 4-bit float as in bitsandbytes: a sign with 0, 1/192, 1/6, 1/4, 1/3, 1/2, 2/3 or 1. Two codes
/// stand for 0.
public enum Float4: FourBitCodebook {
  /// FP4.
  public static let name = "FP4"
  /// The weight format with blocks of these levels.
  public static func format(blockSize: Int, doubleQuantized: Bool) -> WeightFormat {
    .fp4(blockSize: blockSize, doubleQuantized: doubleQuantized)
  }
  /// The number of the codebook in the kernels.
  public static var _kernel: Int32 { Int32(LOQT_FP4) }
}

/// A tensor in 4-bit NormalFloat.
public typealias NF4Tensor = FourBitTensor<NormalFloat4>
/// A tensor in 4-bit float.
public typealias FP4Tensor = FourBitTensor<Float4>
