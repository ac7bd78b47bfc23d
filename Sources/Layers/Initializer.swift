public import Tensors

/// A distribution of a tensor's initial values.
///
/// The first axis of a tensor `[out, in, ...]` counts its outputs; its fan-in is the product of all
/// others, its fan-out that of all but the second: `[out, in]` for matrices, `[out, in, height, width]`
/// for filters. The fans of a vector are its size.
public enum Initializer: Sendable, Hashable {
  /// Normal with mean 0.
  case normal(standardDeviation: Float)
  /// Normal with mean 0, without values beyond two standard deviations.
  case truncatedNormal(standardDeviation: Float)
  /// Uniform between ± `bound`.
  case uniform(bound: Float)
  /// Uniform between ± 1 / sqrt(fan-in), as in PyTorch's linear layers and convolutions.
  case uniformFanIn
  /// Normal of variance 2 / (fan-in + fan-out) times gain² (Glorot and Bengio, 2010).
  case xavierNormal(gain: Float = 1)
  /// Uniform of variance 2 / (fan-in + fan-out) times gain² (Glorot and Bengio, 2010).
  case xavierUniform(gain: Float = 1)
  /// Normal of variance 2 / fan-in, for layers after a ReLU (He et al., 2015, arXiv 1502.01852).
  case heNormal
  /// Uniform of variance 2 / fan-in, for layers after a ReLU (He et al., 2015).
  case heUniform
  /// A matrix with orthonormal rows, or columns if there are more rows than columns, drawn uniformly, times
  /// gain (Saxe et al., 2014, arXiv 1312.6120). All axes but the first are merged.
  case orthogonal(gain: Float = 1)
  /// The same value everywhere.
  case constant(Float)

  /// All zeros.
  public static var zeros: Initializer { .constant(0) }
  /// All ones.
  public static var ones: Initializer { .constant(1) }

  /// A tensor of these values.
  public func callAsFunction(_ shape: Shape, using source: inout RandomSource) -> Tensor<Float> {
    func uniform(_ variance: Float) -> Tensor<Float> {
      let bound = (3 * variance).squareRoot()
      return .uniform(shape, low: -bound, high: bound, using: &source)
    }
    func normal(_ variance: Float) -> Tensor<Float> {
      .normal(shape, standardDeviation: variance.squareRoot(), using: &source)
    }
    let (fanIn, fanOut) = Self.fans(of: shape)
    let xavier = 2 / (fanIn + fanOut)
    switch self {
    case .normal(let deviation):
      return .normal(shape, standardDeviation: deviation, using: &source)
    case .truncatedNormal(let deviation):
      return .truncatedNormal(shape, standardDeviation: deviation, using: &source)
    case .uniform(let bound):
      return .uniform(shape, low: -bound, high: bound, using: &source)
    case .uniformFanIn:
      let bound = 1 / fanIn.squareRoot()
      return .uniform(shape, low: -bound, high: bound, using: &source)
    case .xavierNormal(let gain): return normal(xavier * gain * gain)
    case .xavierUniform(let gain): return uniform(xavier * gain * gain)
    case .heNormal: return normal(2 / fanIn)
    case .heUniform: return uniform(2 / fanIn)
    case .orthogonal(let gain): return Self.orthogonal(shape, using: &source) * gain
    case .constant(let value): return Tensor(repeating: value, shape: shape)
    }
  }

  private static func fans(of shape: Shape) -> (in: Float, out: Float) {
    let count = Float(max(1, shape.elementCount))
    guard shape.rank >= 2 else { return (count, count) }
    return (count / Float(max(1, shape[0])), count / Float(max(1, shape[1])))
  }

  private static func orthogonal(_ shape: Shape, using source: inout RandomSource)
    -> Tensor<Float>
  {
    let rows = shape.first ?? 1
    let columns = shape.dropFirst().reduce(1, *)
    let tall = Tensor<Float>.normal([max(rows, columns), min(rows, columns)], using: &source)
    // Normal numbers are finite, so QR cannot fail.
    let factors = try! qr(tall)
    // The signs of r's diagonal make all orthogonal matrices equally likely.
    let size = min(rows, columns)
    let signs = Tensor((0..<size).map { factors.r[$0, $0] < 0 ? Float(-1) : 1 })
    let result = factors.q * signs
    return (rows < columns ? result.transposed() : result).reshaped(to: shape)
  }
}
