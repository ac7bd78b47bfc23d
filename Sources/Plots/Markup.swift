/// A piece of XML, which escapes interpolated text unless it is markup itself.
package struct Markup: ExpressibleByStringInterpolation, Sendable {
  package private(set) var text: String

  package static let empty: Markup = ""

  package init(stringLiteral text: String) { self.text = text }

  package init(stringInterpolation interpolation: StringInterpolation) { text = interpolation.text }

  /// Joins pieces, one per line.
  package init(_ pieces: some Sequence<Markup>) {
    text = pieces.lazy.map(\.text).filter { !$0.isEmpty }.joined(separator: "\n")
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity)
    }

    package mutating func appendLiteral(_ literal: String) { text += literal }
    package mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
    package mutating func appendInterpolation(_ pieces: [Markup]) { text += Markup(pieces).text }
    package mutating func appendInterpolation(_ number: Int) { text += String(number) }

    /// Appends a coordinate to a tenth of a pixel, clamped far outside of any picture.
    package mutating func appendInterpolation(_ number: Double) {
      let tenths = Int((10 * max(-1e5, min(number, 1e5))).rounded())
      text += tenths % 10 == 0 ? String(tenths / 10) : String(Double(tenths) / 10)
    }

    package mutating func appendInterpolation(_ plain: String) {
      for scalar in plain.unicodeScalars {
        switch scalar {
        case "&": text += "&amp;"
        case "<": text += "&lt;"
        case ">": text += "&gt;"
        case "\"": text += "&quot;"
        case "'": text += "&#39;"
        case "\n", "\t": text.unicodeScalars.append(scalar)
        // XML cannot represent these.
        case "\0"..<" ", "\u{7f}"..<"\u{a0}", "\u{fffe}", "\u{ffff}": text += "\u{fffd}"
        default: text.unicodeScalars.append(scalar)
        }
      }
    }
  }
}
