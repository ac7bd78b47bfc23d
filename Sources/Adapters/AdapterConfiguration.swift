public import Optimizers
public import Quantization

/// How low-rank adapters hold a matrix: W + s up down, with both factors trained.
public struct AdapterConfiguration: Sendable, Hashable, Codable {
  /// The matrix W beside the factors.
  public enum Base: Sendable, Hashable, Codable {
    /// No W: the matrix is the product of the factors, which start from the best approximation of the
    /// initial matrix (Kamalakara et al., arXiv 2209.13569, spectral initialisation).
    case none
    /// The initial matrix, frozen; up starts at 0 (LoRA, arXiv 2106.09685; QLoRA, arXiv 2305.14314).
    case frozen(WeightFormat)
    /// A frozen matrix and factors that together approximate the initial matrix, found by `steps`
    /// alternations of quantising the residual of the factors and decomposing the residual of
    /// quantisation (LoftQ, arXiv 2310.08659, algorithm 1).
    case alternating(WeightFormat, steps: Int)
    /// The initial matrix, into which the factors are merged periodically; then up restarts at 0 and down
    /// at random, and this share of the optimizer's state is pruned (ReLoRA, arXiv 2307.05695).
    case merged(WeightFormat, pruning: Double)
  }

  /// The rank r, limited to a layer's smaller side. An energy rule counts as its upper bound.
  public var rank: RankRule
  /// The factor s of the update, not divided by the rank; it has no effect without W.
  public var scale: Float
  /// The matrix W beside the factors.
  public var base: Base

  /// Adapters of rank r and scale s on a frozen matrix.
  public init(rank: RankRule, scale: Float = 1, base: Base = .frozen(.float32)) {
    precondition(scale > 0, "AdapterConfiguration: scale \(scale) is not positive")
    self.rank = rank
    self.scale = scale
    self.base = base
  }

  /// The format of W; nil if there is none.
  public var weightFormat: WeightFormat? {
    switch base {
    case .none: nil
    case .frozen(let format), .alternating(let format, _), .merged(let format, _): format
    }
  }

  /// The share of the optimizer's state that is pruned at a merge; nil if nothing is merged.
  public var mergePruning: Double? {
    if case .merged(_, let pruning) = base { pruning } else { nil }
  }
}
