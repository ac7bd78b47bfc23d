internal import CKernels

/// The 8-bit dynamic maps: 256 sorted values in [-1, 1] whose spacing shrinks by decades towards 0
/// (Dettmers, 8-Bit Approximations, arXiv 1511.04561; Dettmers et al., arXiv 2110.02861).
public enum DynamicMap: String, Hashable, Sendable, Codable {
  /// Values of both signs, for weights and first moments. It ends at -0.993, without -1.
  case signed
  /// Values from 0 to 1, for second moments; a negative number becomes 0.
  case unsigned

  /// The 256 values, sorted.
  var values: [Float] { self == .signed ? Self.signedValues : Self.unsignedValues }

  /// The number of elements that share one scale when 8-bit codes store the scales of 4-bit blocks.
  static let blockSize = Int(LOQT_SCALE_GROUP)

  /// The map with what the kernels derive from it; never freed.
  var kernelMap: UnsafePointer<loqt_map8> {
    self == .signed ? Self.signedKernelMap : Self.unsignedKernelMap
  }
  private nonisolated(unsafe) static let signedKernelMap = prepared(signedValues)
  private nonisolated(unsafe) static let unsignedKernelMap = prepared(unsignedValues)

  private static func prepared(_ values: [Float]) -> UnsafePointer<loqt_map8> {
    // At the start of a cache line, so that no load straddles two.
    let map = UnsafeMutableRawPointer.allocate(
      byteCount: MemoryLayout<loqt_map8>.size, alignment: 64
    ).bindMemory(to: loqt_map8.self, capacity: 1)
    loqt_map8_prepare(values, map)
    return UnsafePointer(map)
  }

  static let signedValues = values(signed: true)

  /// Values of which none is negative.
  static let unsignedValues = values(signed: false)

  /// Half of the largest gap between neighbours, or the gap to -1: no number of [-1, 1] is further
  /// than this from its nearest value of the signed map.
  static let largestSignedError: Float = {
    let gaps = zip(signedValues.dropFirst(), signedValues).map { ($0 - $1) / 2 }
    return max(gaps.max()!, signedValues[0] + 1)
  }()

  /// Seven decades from 10^-6 to 1, each with the midpoints of 2^i equal intervals of [0.1, 1] for
  /// each sign, completed by 0 and 1.
  ///
  /// Equal to bitsandbytes' table bit for bit, which takes PyTorch's arithmetic: float boundaries,
  /// each one fused multiply-add away from the nearer end.
  static func values(signed: Bool) -> [Float] {
    let decades: [Float] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]
    var values: [Float] = [0, 1]
    for (i, decade) in decades.enumerated() {
      let count = signed ? 1 << i : 2 << i
      let (start, end): (Float, Float) = (0.1, 1)
      let step = (end - start) / Float(count)
      let boundaries = (0...count).map { index in
        index < (count + 1) / 2
          ? start.addingProduct(step, Float(index))
          : end.addingProduct(-step, Float(count - index))
      }
      for (lower, upper) in zip(boundaries, boundaries.dropFirst()) {
        let value = decade * ((lower + upper) / 2)
        values.append(value)
        if signed { values.append(-value) }
      }
    }
    return values.sorted()
  }
}
