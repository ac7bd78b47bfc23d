/// How the scores of an attention are formed from the products of queries and keys.
public struct AttentionScores: Sendable, Hashable {
  /// The factor of the products; 1 / sqrt(headSize) if nil.
  public var scale: Double?
  /// A soft bound c on the scores: a score s becomes c tanh(s / c); nil for none.
  public var cap: Double?

  /// Scores with these properties. Traps if the cap is not positive.
  public init(scale: Double? = nil, cap: Double? = nil) {
    precondition(cap ?? 1 > 0, "AttentionScores: cap \(cap ?? 1) is not positive")
    self.scale = scale
    self.cap = cap
  }

  func scale<Scalar: RealScalar>(headSize: Int, as type: Scalar.Type) -> Scalar {
    scale.map { Scalar($0) } ?? 1 / Scalar(headSize).squareRoot()
  }

  func softCap<Scalar: RealScalar>(as type: Scalar.Type) -> SoftCap<Scalar>? {
    cap.map { SoftCap($0) }
  }
}
