/// What the scores of an attention are of the products of queries and keys.
public struct AttentionScores: Sendable, Hashable {
  /// What the products are multiplied with; 1 / sqrt(headSize) when nil.
  public var scale: Double?
  /// The bound that they are softly held within: c tanh(s / c) for a score s; nil for none.
  public var cap: Double?

  /// Scores of these properties. Traps on a cap that is not positive.
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
