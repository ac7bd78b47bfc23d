internal import Foundation

/// How the matrices of the linear layers are held and trained.
public enum TrainingMethod: String, Sendable, Hashable, Codable, CaseIterable {
  /// LoQT: packed 4-bit matrices, low-rank updates that are merged.
  case loqt
  /// LoQT without quantisers.
  case loqtUnquantized = "loqt-nq"
  /// Dense matrices and Adam on everything.
  case full
  /// Dense matrices, Adam in the leading subspace of each gradient.
  case galore
  /// Matrices frozen at their random start: what the other parameters learn alone.
  case frozen

  /// Whether low-rank updates are merged.
  public var merges: Bool { self == .loqt || self == .loqtUnquantized }
  /// Whether a rank and a gap between projections matter.
  public var isLowRank: Bool { merges || self == .galore }
}

/// The loss in nats as perplexity.
func perplexity(ofLoss loss: Double) -> Double { exp(loss) }
