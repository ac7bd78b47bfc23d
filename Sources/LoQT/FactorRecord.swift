import Autodiff
import Tensors

/// A copy of B as it is held. Zeros, which a merge without compensation leaves, take no room.
struct FactorRecord {
  private enum Content {
    case zeros
    case single(Tensor<Float>)
    case half(Tensor<BFloat16>)
  }

  private let content: Content
  private let shape: Shape
  /// Differs, for all practical purposes, from that of any other B.
  let fingerprint: UInt64

  /// A copy of B, held as `storage` says.
  init(_ factor: Tensor<Float>, as storage: ParameterStorage) {
    shape = factor.shape
    if factor.sumOfSquares() == 0 {
      content = .zeros
      fingerprint = Self.fingerprint(of: repeatElement(0, count: shape.elementCount))
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

  /// In single precision.
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

  fileprivate static func fingerprint(of bits: some Sequence<UInt32>) -> UInt64 {
    bits.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}

extension Parameter {
  /// A number that differs, for all practical purposes, when a bit of the elements differs.
  var fingerprint: UInt64 { halfTensor?.fingerprint ?? tensor.fingerprint }
}

extension Tensor<Float> {
  fileprivate var fingerprint: UInt64 {
    withUnsafeBuffer { FactorRecord.fingerprint(of: $0.lazy.map(\.bitPattern)) }
  }
}

extension Tensor<BFloat16> {
  fileprivate var fingerprint: UInt64 {
    withUnsafeBuffer { FactorRecord.fingerprint(of: $0.lazy.map { UInt32($0.bitPattern) }) }
  }
}
