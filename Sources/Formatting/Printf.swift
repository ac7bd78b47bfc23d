#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Formats with C's `printf`, whose rounding every figure of this package uses.
package func printf(_ format: String, _ arguments: any CVarArg...) -> String {
  // The longest double without an exponent has 309 digits before the point.
  var text = [CChar](repeating: 0, count: 512)
  let length = withVaList(arguments) { vsnprintf(&text, text.count, format, $0) }
  return String(decoding: text.prefix(Int(length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// A number with a fixed number of decimals.
package func fixed(_ value: Double, _ decimals: Int) -> String {
  printf("%.*f", Int32(decimals), value)
}

/// A count with its digits in groups of three.
package func grouped(_ count: Int, minus: String = "-") -> String {
  let digits = String(count.magnitude)
  var text = count < 0 ? minus : ""
  for (position, digit) in digits.enumerated() {
    if position > 0, (digits.count - position) % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return text
}
