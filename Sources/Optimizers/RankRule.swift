/// The rule for the rank that a low-rank method gives a matrix.
public enum RankRule: Sendable, Hashable, Codable {
  /// A fixed rank.
  case count(Int)
  /// A share of the matrix's smaller side, rounded, at least 1.
  case fraction(Double)
  /// The lowest rank, within bounds, that loses at most the share `lost` of the gradient's energy ‖G‖²
  /// (AdaRankGrad; Refael et al., arXiv 2410.17881).
  case energy(lost: Double, atLeast: Int, atMost: Int)

  /// The largest rank for a matrix `[out, in]`, at most its smaller side.
  public func largest(out: Int, in input: Int) -> Int {
    let side = min(out, input)
    switch self {
    case .count(let count): return min(side, max(1, count))
    case .fraction(let share):
      return min(side, max(1, Int((share * Double(side)).rounded())))
    case .energy(_, _, let most): return min(side, max(1, most))
    }
  }

  /// The rank for a gradient with the given `largest(out:in:)` leading singular values, descending, and
  /// total energy ‖G‖².
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
  /// `128`, `0.25`, or `energy:0.04:8:128` for a lost share of energy and bounds.
  public var description: String {
    switch self {
    case .count(let count): "\(count)"
    case .fraction(let share): "\(share)"
    case .energy(let lost, let least, let most): "energy:\(lost):\(least):\(most)"
    }
  }

  /// Parses a rule in the form of `description`.
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

  /// A fixed rank.
  public init(integerLiteral count: Int) { self = .count(count) }
}
