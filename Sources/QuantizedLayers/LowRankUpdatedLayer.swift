public import Layers
public import Tensors

/// A linear layer whose matrix is a frozen one and an update of low rank: W + s up down.
public protocol LowRankUpdatedLayer: LinearLayer {
  /// W `[out, in]` in full precision; nil where the factors stand alone.
  func frozenWeight() -> Tensor<Float>?
  /// The update; nil while there is none.
  var lowRankUpdate: LowRankUpdate? { get }
}

/// s up down.
public struct LowRankUpdate: Sendable {
  /// `[out, r]`.
  public let up: Tensor<Float>
  /// `[r, in]`.
  public let down: Tensor<Float>
  /// s.
  public let scale: Float

  /// An update of its factors, which fit each other.
  public init(up: Tensor<Float>, down: Tensor<Float>, scale: Float) {
    self.up = up
    self.down = down
    self.scale = scale
  }
}
