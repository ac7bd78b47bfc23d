/// The runs that an experiment needs, as determined by those that are finished.
struct ExperimentPlan {
  let variants: [Variant]
  let seeds: [UInt64]
  /// The most times that a sweep is extended because its best rate is at the edge.
  static let longestExtension = 6

  /// The learning rate sweep of a variant.
  struct Sweep {
    /// The rates tried, with the first seed's losses; infinite where a run failed.
    var losses: [(rate: Double, loss: Double)]
    /// The rates to try next; none when the sweep is finished.
    var open: [Double]

    /// The rate with the lowest loss.
    var best: Double? { losses.min { $0.loss < $1.loss }?.rate }
    /// Whether a worse rate was found on either side of the best.
    var isBracketed: Bool {
      guard let best else { return false }
      return losses.contains { $0.rate < best } && losses.contains { $0.rate > best }
    }
  }

  /// Tries half, once and twice a rate, and continues by factors of 2 while the best is at the edge.
  static func sweep(around centre: Double, loss: (Double) -> Double?) -> Sweep {
    var grid = [centre / 2, centre, centre * 2]
    for _ in 0...longestExtension {
      let known = grid.compactMap { rate in loss(rate).map { (rate: rate, loss: $0) } }
      let open = grid.filter { loss($0) == nil }
      let sweep = Sweep(losses: known, open: open)
      guard open.isEmpty, let best = sweep.best, !sweep.isBracketed,
        grid.count < 3 + longestExtension
      else { return sweep }
      if best == grid.first { grid.insert(best / 2, at: 0) } else { grid.append(best * 2) }
    }
    return Sweep(
      losses: grid.compactMap { rate in loss(rate).map { (rate: rate, loss: $0) } }, open: [])
  }

  /// The sweep of a variant; nil if it uses another variant's rate.
  func sweep(
    of variant: Variant, loss: (Variant, Double, UInt64) -> Double?
  ) -> Sweep? {
    guard case .swept(let centre) = variant.rates, let seed = seeds.first else { return nil }
    return Self.sweep(around: centre) { loss(variant, $0, seed) }
  }

  /// The rate for all seeds of a variant; nil until it is known.
  func rate(of variant: Variant, loss: (Variant, Double, UInt64) -> Double?) -> Double? {
    switch variant.rates {
    case .swept:
      let sweep = sweep(of: variant, loss: loss)
      return sweep?.open.isEmpty == true ? sweep?.best : nil
    case .fixed(let rate): return rate
    case .best(let name):
      return variants.first { $0.name == name && $0.rates != variant.rates }
        .flatMap { rate(of: $0, loss: loss) }
    }
  }

  /// The runs that can be made now, most important first; empty when all are finished.
  func open(loss: (Variant, Double, UInt64) -> Double?)
    -> [(variant: Variant, rate: Double, seed: UInt64)]
  {
    variants.flatMap { variant -> [(variant: Variant, rate: Double, seed: UInt64)] in
      guard let rate = rate(of: variant, loss: loss) else {
        guard let seed = seeds.first, let sweep = sweep(of: variant, loss: loss) else { return [] }
        return sweep.open.map { (variant, $0, seed) }
      }
      return seeds.filter { loss(variant, rate, $0) == nil }.map { (variant, rate, $0) }
    }
  }
}
