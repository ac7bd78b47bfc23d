/// A case whose two figures are not rates of two runs: bytes beside a bound, or a time beside one
/// that was measured elsewhere by hand.
struct Figure: BenchmarkCase {
  let group: String
  let name: String
  let unit: String
  let rival: String
  let reach: Double
  /// Whether a smaller figure is better.
  var prefersSmall = true
  let figures: () -> (ours: Double, rival: Double)

  func measure() -> Row {
    let (ours, theirs) = figures()
    let ratio = prefersSmall ? theirs / ours : ours / theirs
    return Row(
      group: group, case: name, value: ours, unit: unit, rival: rival, rival_value: theirs,
      ratio: ratio, reach: reach, ok: ratio >= reach)
  }
}

/// One line of the table.
protocol BenchmarkCase {
  var group: String { get }
  var name: String { get }
  func measure() -> Row
}

/// The shortest of `rounds` runs in seconds, after one that warms up.
func fastest(_ rounds: Int = 7, _ body: () -> Void) -> Double {
  body()
  let clock = ContinuousClock()
  return (0..<rounds).map { _ in
    let (whole, atto) = clock.measure(body).components
    return Double(whole) + Double(atto) * 1e-18
  }.min()!
}
