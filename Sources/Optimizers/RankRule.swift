/// How many directions a low-rank method gives a matrix.
public enum RankRule: Sendable, Hashable, Codable {
  /// So many.
  case count(Int)
  /// This share of the matrix's smaller side, rounded, at least one.
  case fraction(Double)
  /// As few as leave at most the share `lost` of the gradient's energy ‖G‖² outside, within bounds
  /// (AdaRankGrad; Refael et al., arXiv 2410.17881).
  case energy(lost: Double, atLeast: Int, atMost: Int)

  /// The largest rank for a matrix `[out, in]`: never above its smaller side.
  public func largest(out: Int, in input: Int) -> Int {
    let side = min(out, input)
    switch self {
    case .count(let count): return min(side, max(1, count))
    case .fraction(let share):
      return min(side, max(1, Int((share * Double(side)).rounded())))
    case .energy(_, _, let most): return min(side, max(1, most))
    }
  }

  /// The rank for a gradient of which the leading singular values, descending and as many as
  /// `largest(out:in:)`, and the whole energy ‖G‖² are known.
  func rank(singularValues values: [Float], energy: Double) -> Int {
    guard case .energy(let lost, let least, _) = self else { return values.count }
    var left = energy
    for (count, value) in values.enumerated() {
      if left <= lost * energy { return min(values.count, max(least, count, 1)) }
      left -= Double(value) * Double(value)
    }
    return values.count
  }
}

extension RankRule: LosslessStringConvertible, ExpressibleByIntegerLiteral {
  /// `128`, `0.25`, or `energy:0.04:8:128` for an energy share left outside and bounds.
  public var description: String {
    switch self {
    case .count(let count): "\(count)"
    case .fraction(let share): "\(share)"
    case .energy(let lost, let least, let most): "energy:\(lost):\(least):\(most)"
    }
  }

  /// Reads what `description` gives.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    if let count = Int(text) {
      self = .count(count)
    } else if parts.count == 1, let share = Double(text) {
      self = .fraction(share)
    } else if parts.count == 4, parts[0] == "energy", let lost = Double(parts[1]),
      let least = Int(parts[2]), let most = Int(parts[3])
    {
      self = .energy(lost: lost, atLeast: least, atMost: most)
    } else {
      return nil
    }
  }

  /// So many.
  public init(integerLiteral count: Int) { self = .count(count) }
}
