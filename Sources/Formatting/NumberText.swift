/// Numbers as pages show them, with typographic signs and spaces.
package enum NumberText {
  /// The placeholder for a missing number.
  package static let none = "\u{2013}"
  private static let minus = "\u{2212}"

  /// A number with `count` decimals; a very large one as a power of ten.
  package static func decimals(_ value: Double?, _ count: Int) -> String {
    guard let value, !value.isNaN else { return none }
    guard value.isFinite else { return value < 0 ? minus + "\u{221e}" : "\u{221e}" }
    if abs(value) >= 1e7 { return withMinus(printf("%.2e", value)) }
    let text = fixed(value, count)
    guard abs(value) >= 1_000, let whole = text.split(separator: ".").first else {
      return withMinus(text)
    }
    return grouped(Int(whole) ?? 0) + text.dropFirst(whole.count)
  }

  /// A share as a percentage with `count` decimals.
  package static func percent(_ share: Double?, _ count: Int) -> String {
    guard let share, !share.isNaN else { return none }
    return decimals(100 * share, count) + "\u{202f}%"
  }

  /// A count with its digits in groups of three.
  package static func grouped(_ count: Int) -> String {
    Formatting.grouped(count, minus: minus)
  }

  /// A count in thousands, millions or billions, to three digits.
  package static func rounded(_ count: Int) -> String {
    let units: [(size: Double, name: String)] = [
      (1e9, " billion"), (1e6, " million"), (1e4, "\u{202f}k"),
    ]
    guard let unit = units.first(where: { Double(count) >= $0.size }) else { return grouped(count) }
    let size = unit.size == 1e4 ? 1e3 : unit.size
    let value = Double(count) / size
    return fixed(value, value < 10 ? 2 : value < 100 ? 1 : 0) + unit.name
  }

  /// Bytes in millions, without the unit.
  package static func megabytes(_ bytes: Int) -> String {
    let value = Double(bytes) / 1e6
    return decimals(value, value < 99.95 ? 2 : 1)
  }

  /// Seconds as minutes or hours.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, (0..<1e9).contains(seconds) else { return none }
    if seconds < 59.95 { return fixed(seconds, 1) + " s" }
    let whole = Int(seconds.rounded())
    let (hours, minutes) = (whole / 3_600, whole / 60 % 60)
    return hours > 0
      ? printf("%d h %02d min", hours, minutes)
      : printf("%d min %02d s", minutes, whole % 60)
  }

  private static func withMinus(_ text: String) -> String {
    text.replacing("-", with: minus)
  }
}
