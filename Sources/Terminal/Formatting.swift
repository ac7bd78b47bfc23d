import Foundation

/// A number with so many decimals; large ones without.
package func decimals(_ value: Double, _ count: Int) -> String {
  guard value.isFinite else { return value.isNaN ? "not a number" : "infinite" }
  return abs(value) >= 1e7
    ? String(format: "%.2e", value) : String(format: "%.\(count)f", value)
}

/// A count with its digits in groups of three.
package func grouped(_ count: Int) -> String {
  let digits = String(count.magnitude)
  var text = ""
  for (position, digit) in digits.enumerated() {
    if position > 0, (digits.count - position) % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return count < 0 ? "-" + text : text
}

/// Bytes in units of a million.
package func megabytes(_ bytes: Int) -> String {
  let value = Double(bytes) / 1e6
  return decimals(value, value < 100 ? 2 : 0) + " MB"
}

/// Seconds as minutes or hours.
package func duration(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds < 1e9 else { return "unknown" }
  let whole = Int(seconds.rounded())
  let (hours, minutes) = (whole / 3_600, whole / 60 % 60)
  return hours > 0
    ? String(format: "%d:%02d:%02d", hours, minutes, whole % 60)
    : String(format: "%d:%02d", minutes, whole % 60)
}

extension String {
  /// Filled up with spaces: at the end, or at the start for a negative width.
  package func padded(to width: Int) -> String {
    let space = String(repeating: " ", count: max(0, abs(width) - count))
    return width < 0 ? space + self : self + space
  }
}
