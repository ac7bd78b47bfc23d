public import Optimizers
public import Quantization

/// How low-rank adapters hold a matrix: W + s up down, both factors trained.
public struct AdapterConfiguration: Sendable, Hashable, Codable {
  /// What stands beside the factors.
  public enum Base: Sendable, Hashable, Codable {
    /// Nothing: the matrix is the product of the factors, which start from the best approximation of
    /// the initial matrix (Kamalakara et al., arXiv 2209.13569, spectral initialisation).
    case none
    /// The initial matrix, frozen; up starts at 0 (LoRA, arXiv 2106.09685; QLoRA, arXiv 2305.14314).
    case frozen(WeightFormat)
    /// The frozen matrix and the factors that together are nearest to the initial one: so many
    /// alternations of quantising what the factors leave and decomposing what quantising leaves
    /// (LoftQ, arXiv 2310.08659, algorithm 1).
    case alternating(WeightFormat, steps: Int)
    /// The initial matrix, into which the factors are merged from time to time; then up starts again at
    /// 0 and down at random, and this share of the optimizer's state is pruned (ReLoRA, arXiv
    /// 2307.05695).
    case merged(WeightFormat, pruning: Double)
  }

  /// r; the smaller side is never exceeded. An energy rule gives its upper bound.
  public var rank: RankRule
  /// The factor s of the update, used as it is; without a base it has no effect.
  public var scale: Float
  /// What stands beside the factors.
  public var base: Base

  /// Adapters of rank r and scale s on a frozen matrix.
  public init(rank: RankRule, scale: Float = 1, base: Base = .frozen(.float32)) {
    precondition(scale > 0, "AdapterConfiguration: scale \(scale) is not positive")
    self.rank = rank
    self.scale = scale
    self.base = base
  }

  /// The format of the base; nil where there is none.
  public var weightFormat: WeightFormat? {
    switch base {
    case .none: nil
    case .frozen(let format), .alternating(let format, _), .merged(let format, _): format
    }
  }

  /// The share of the optimizer's state that is pruned at a merge; nil where nothing is merged.
  public var mergePruning: Double? {
    if case .merged(_, let pruning) = base { pruning } else { nil }
  }
}
