internal import CKernels

/// A splittable, counter-based random generator (Philox4x32-10; Salmon et al., SC 2011).
///
/// A value: copies repeat the same numbers. `split` gives independent generators that do not depend
/// on how much was drawn, so that drawing in one part of a program never changes another's numbers.
public struct RandomSource: Sendable, Hashable, Codable, RandomNumberGenerator {
  private let key: UInt64
  private let stream: UInt64
  private var counter: UInt64 = 0

  /// The generator with the given seed.
  public init(seed: UInt64) {
    key = seed
    stream = 0
  }

  private init(key: UInt64, stream: UInt64) {
    self.key = key
    self.stream = stream
  }

  /// An independent generator named by `label`, regardless of what has been drawn from this one.
  public func split(_ label: UInt64) -> RandomSource {
    let block = Self.block(
      counter: (
        UInt32(truncatingIfNeeded: label), UInt32(truncatingIfNeeded: label >> 32),
        UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)
      ),
      key: key ^ 0x9E37_79B9_7F4A_7C15)
    return RandomSource(
      key: UInt64(block[0]) | UInt64(block[1]) << 32,
      stream: UInt64(block[2]) | UInt64(block[3]) << 32)
  }

  /// An independent generator named by a text.
  public func split(_ label: String) -> RandomSource {
    split(FNVHash.value(label.utf8))
  }

  private static func block(counter: (UInt32, UInt32, UInt32, UInt32), key: UInt64) -> [UInt32] {
    let words = [counter.0, counter.1, counter.2, counter.3]
    let keys = [UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32)]
    var out = [UInt32](repeating: 0, count: 4)
    loqt_philox_block(words, keys, &out)
    return out
  }

  /// 64 random bits.
  public mutating func next() -> UInt64 {
    var words: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    withUnsafeMutablePointer(to: &words) { pointer in
      pointer.withMemoryRebound(to: UInt32.self, capacity: 4) {
        loqt_philox(key, stream, counter, $0, 1)
      }
    }
    counter &+= 1
    return UInt64(words.0) | UInt64(words.1) << 32
  }

  /// Returns where the next `blocks` blocks begin, and moves past them.
  package mutating func reserve(blocks: Int) -> (key: UInt64, stream: UInt64, counter: UInt64) {
    let start = counter
    counter &+= UInt64(blocks)
    return (key, stream, start)
  }
}

extension Tensor where Scalar: RealScalar {
  /// Independent uniform numbers in `[low, high)`.
  public static func uniform(
    _ shape: Shape, low: Scalar = 0, high: Scalar = 1, using source: inout RandomSource
  ) -> Tensor {
    var result = filled(shape, using: &source, Scalar._randomUniform)
    if low != 0 || high != 1 { result = result * (high - low) + low }
    // The sum may round up to the bound.
    if low != 0, high > low { result = Tensors.minimum(result, high.nextDown) }
    return result
  }

  /// Independent normal numbers.
  public static func normal(
    _ shape: Shape, mean: Scalar = 0, standardDeviation: Scalar = 1,
    using source: inout RandomSource
  ) -> Tensor {
    var result = filled(shape, using: &source, Scalar._randomNormal)
    if standardDeviation != 1 { result *= standardDeviation }
    if mean != 0 { result = result + mean }
    return result
  }

  private static func filled(
    _ shape: Shape, using source: inout RandomSource,
    _ kernel: (UInt64, UInt64, UInt64, UnsafeMutablePointer<Scalar>, Int) -> Void
  ) -> Tensor {
    let perBlock = 16 / MemoryLayout<Scalar>.stride
    let blocks = (shape.elementCount + perBlock - 1) / perBlock
    let start = source.reserve(blocks: blocks)
    return Tensor(unsafeUninitializedShape: shape) { out in
      let target = out.baseAddress!
      parallelFor(blocks, grain: 4096) { r in
        let first = r.lowerBound * perBlock
        kernel(
          start.key, start.stream, start.counter &+ UInt64(r.lowerBound), target + first,
          Swift.min(out.count, r.upperBound * perBlock) - first)
      }
    }
  }
}

extension Tensor where Scalar == Int32 {
  /// The numbers 0 ..< count in random order. Traps when `count` is negative or above `Int32.max`.
  public static func permutation(_ count: Int, using source: inout RandomSource) -> Tensor {
    precondition(
      count >= 0 && count <= Int(Int32.max), "permutation: count \(count) is out of range")
    var numbers = Array(0..<Int32(count))
    // The numbers that `index(below:)` gives one by one, made many at a time.
    let part = 1 << 10
    numbers.withUnsafeMutableBufferPointer { numbers in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4 * part) { words in
        for first in Swift.stride(from: 0, to: count - 1, by: part) {
          let blocks = Swift.min(part, count - 1 - first)
          let start = source.reserve(blocks: blocks)
          loqt_philox(start.key, start.stream, start.counter, words.baseAddress!, blocks)
          for k in 0..<blocks {
            let i = first + k
            let draw = UInt64(words[4 * k]) | UInt64(words[4 * k + 1]) << 32
            let j = i + Int(draw.multipliedFullWidth(by: UInt64(count - i)).high)
            (numbers[i], numbers[j]) = (numbers[j], numbers[i])
          }
        }
      }
    }
    return Tensor(numbers)
  }
}
