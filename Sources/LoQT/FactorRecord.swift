import Autodiff
import Tensors

/// A copy of B in its storage precision. Zeros, which a merge without compensation leaves, take no
/// memory.
struct FactorRecord {
  private enum Content {
    case zeros
    case single(Tensor<Float>)
    case half(Tensor<BFloat16>)
  }

  private let content: Content
  private let shape: Shape
  /// A hash of the bits of B; 0 for zeros.
  let fingerprint: UInt64

  /// A copy of B in the precision of `storage`.
  init(_ factor: Tensor<Float>, as storage: ParameterStorage) {
    shape = factor.shape
    if factor.sumOfSquares() == 0 {
      content = .zeros
      fingerprint = 0
    } else if storage == .bfloat16 {
      let half = factor.converted(to: BFloat16.self)
      half.count(as: .adapters)
      content = .half(half)
      fingerprint = half.fingerprint
    } else {
      let copy = factor.copied()
      copy.count(as: .adapters)
      content = .single(copy)
      fingerprint = copy.fingerprint
    }
  }

  /// Whether B was zero.
  var isZero: Bool { if case .zeros = content { true } else { false } }

  /// B in single precision.
  var tensor: Tensor<Float> {
    switch content {
    case .zeros: Tensor(0).broadcast(to: shape)
    case .single(let factor): factor
    case .half(let factor): factor.converted(to: Float.self)
    }
  }

  /// Bytes held.
  var byteCount: Int {
    switch content {
    case .zeros: 0
    case .single(let factor): factor.byteCount
    case .half(let factor): factor.byteCount
    }
  }
}

extension Parameter {
  /// A hash of the elements' bits.
  var fingerprint: UInt64 { halfTensor?.fingerprint ?? tensor.fingerprint }
}

extension Tensor<Float> {
  fileprivate var fingerprint: UInt64 {
    withUnsafeBuffer { elements in
      LoQT.fingerprint(count: elements.count) { UInt64(elements[$0].bitPattern) }
    }
  }
}

extension Tensor<BFloat16> {
  fileprivate var fingerprint: UInt64 {
    withUnsafeBuffer { elements in
      LoQT.fingerprint(count: elements.count) { UInt64(elements[$0].bitPattern) }
    }
  }
}

/// Hashes eight interleaved sequences and then their hashes, since a single sequence would wait for each
/// multiplication.
private func fingerprint(count: Int, _ bits: (Int) -> UInt64) -> UInt64 {
  let prime = FNVHash.prime
  var lanes = SIMD8<UInt64>(repeating: FNVHash.empty)
  var index = 0
  while index + 8 <= count {
    for lane in 0..<8 { lanes[lane] = (lanes[lane] ^ bits(index + lane)) &* prime }
    index += 8
  }
  while index < count {
    lanes[0] = (lanes[0] ^ bits(index)) &* prime
    index += 1
  }
  return lanes.indices.reduce(FNVHash.empty) { ($0 ^ lanes[$1]) &* prime }
}
