internal import Formatting
internal import Foundation

/// A range of numbers with round ticks.
package struct Axis: Sendable {
  /// How to choose the range.
  package enum Fit {
    /// From the lowest to the highest number.
    case exact
    /// From the tick below the lowest number to the highest number.
    case fromTick
  }

  package let lower: Double
  package let upper: Double
  /// The distance between ticks: 1, 2 or 5 times a power of ten; on a logarithmic axis that of the nearest
  /// two.
  package let spacing: Double
  /// The ticks of a logarithmic axis, which are the only numbers on it; empty if linear.
  private let places: [Double]

  /// An axis over all finite numbers of `values`.
  ///
  /// - Parameters:
  ///   - ticks: The approximate number of ticks.
  ///   - smallestSpacing: 1 for counts.
  package init(
    _ values: some Sequence<Double>, ticks: Int = 5, fit: Fit = .fromTick,
    smallestSpacing: Double = 0
  ) {
    var (least, most) = (Double.infinity, -Double.infinity)
    for value in values where Self.canShow(value) {
      least = min(least, value)
      most = max(most, value)
    }
    if least > most { (least, most) = (0, 1) }
    // Ticks would coincide if the range were too narrow for double precision.
    if most - least <= 1e-9 * max(abs(least), abs(most)) {
      let margin = least == 0 ? 0.5 : 0.05 * abs(least)
      (least, most) = (least - margin, most + margin)
    }
    spacing = max(smallestSpacing, Self.roundSpacing((most - least) / Double(max(1, ticks))))
    switch fit {
    case .exact: (lower, upper) = (least, most)
    case .fromTick: (lower, upper) = ((least / spacing).rounded(.down) * spacing, most)
    }
    places = []
  }

  /// A logarithmic axis for a few positive numbers, which are its ticks, with a margin at both ends.
  package init(places: [Double]) {
    self.places = Set(places).sorted()
    let (least, most) = (self.places.first ?? 1, self.places.last ?? 1)
    let margin = pow(max(most / least, 2), 0.08)
    (lower, upper) = (least / margin, most * margin)
    spacing = zip(self.places, self.places.dropFirst()).map { $1 - $0 }.min() ?? least
  }

  /// Whether an axis can show a number; larger ones would overflow.
  package static func canShow(_ value: Double) -> Bool { abs(value) < 1e100 }

  /// The round spacing nearest to a wanted one in ratio.
  private static func roundSpacing(_ wanted: Double) -> Double {
    let power = pow(10, log10(wanted).rounded(.down))
    // The bounds are the geometric means of the neighbours 1, 2, 5 and 10.
    let factor =
      switch wanted / power {
      case ..<2.0.squareRoot(): 1.0
      case ..<10.0.squareRoot(): 2.0
      case ..<50.0.squareRoot(): 5.0
      default: 10.0
      }
    return factor * power
  }

  /// The multiples of the spacing in the range; all numbers of a logarithmic axis.
  package var ticks: [Double] {
    guard places.isEmpty else { return places }
    let tolerance = 1e-6
    let first = (lower / spacing - tolerance).rounded(.up)
    let last = (upper / spacing + tolerance).rounded(.down)
    guard first <= last else { return [] }
    return stride(from: first, through: last, by: 1).map { $0 * spacing }
  }

  /// The label of a tick, with the decimals that the spacing needs.
  package func label(_ tick: Double) -> String {
    let decimals = -log10(spacing * 1.000001).rounded(.down)
    guard decimals <= 6 else { return printf("%.3g", tick) }
    return NumberText.decimals(tick == 0 ? 0 : tick, Int(max(0, decimals)))
  }

  /// The position of a number: 0 at the lower end, 1 at the upper.
  package func fraction(_ value: Double) -> Double {
    places.isEmpty ? (value - lower) / (upper - lower) : log(value / lower) / log(upper / lower)
  }

  /// The number that is a share of the axis closer to the upper end.
  package func shifted(_ value: Double, by share: Double) -> Double {
    places.isEmpty ? value + share * (upper - lower) : value * pow(upper / lower, share)
  }
}
