/// Numbers as terminals and plain files show them, in ASCII.
package enum PlainText {
  /// A number with `count` decimals; a very large one as a power of ten.
  package static func decimals(_ value: Double, _ count: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "not a number" : "infinite" }
    return abs(value) >= 1e7 ? printf("%.2e", value) : fixed(value, count)
  }

  /// Bytes in millions, with the unit.
  package static func megabytes(_ bytes: Int) -> String {
    let value = Double(bytes) / 1e6
    return decimals(value, value < 100 ? 2 : 0) + " MB"
  }

  /// Bytes in GiB.
  package static func gibibytes(_ bytes: Int, decimals: Int = 2) -> String {
    fixed(Double(bytes) / gibibyte, decimals) + " GiB"
  }

  /// Seconds as minutes or hours.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "unknown" }
    let whole = Int(seconds.rounded())
    let (hours, minutes) = (whole / 3_600, whole / 60 % 60)
    return hours > 0
      ? printf("%d:%02d:%02d", hours, minutes, whole % 60)
      : printf("%d:%02d", minutes, whole % 60)
  }
}

/// The number of bytes in a GiB.
package let gibibyte = 1_073_741_824.0

/// A count with what is counted, such as "1 layer" and "1 234 layers".
package func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
  "\(grouped(count)) \(count == 1 ? noun : plural ?? noun + "s")"
}
