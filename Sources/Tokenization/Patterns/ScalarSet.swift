/// A set of scalars in a regular expression, such as `[^\s\p{L}]`, `\d`, `.` or `x`.
struct ScalarSet: Equatable, Sendable {
  enum Item: Equatable, Sendable {
    case range(ClosedRange<UInt32>)
    case traits(ScalarTraits, isNegated: Bool)
    case set(ScalarSet)
  }

  var items: [Item] = []
  var isNegated = false
  var ignoresCase = false

  /// Whether the set contains `scalar`; nil stands for a byte of invalid UTF-8, which only negated sets
  /// contain.
  func contains(_ scalar: Unicode.Scalar?) -> Bool {
    guard let scalar else { return containsInvalid }
    if holds(scalar) != isNegated { return true }
    guard ignoresCase else { return false }
    let upper = single(scalar.properties.uppercaseMapping)
    let variants = [
      single(scalar.properties.lowercaseMapping), upper,
      upper.flatMap { single($0.properties.lowercaseMapping) },
    ]
    return variants.contains { $0.map { holds($0) != isNegated } ?? false }
  }

  private var containsInvalid: Bool {
    let holds = items.contains {
      switch $0 {
      case .range: false
      case .traits(_, let isNegated): isNegated
      case .set(let set): set.containsInvalid
      }
    }
    return holds != isNegated
  }

  private func holds(_ scalar: Unicode.Scalar) -> Bool {
    let traits = ScalarTraits(scalar)
    return items.contains {
      switch $0 {
      case .range(let range): range.contains(scalar.value)
      case .traits(let mask, let isNegated): traits.intersects(mask) != isNegated
      case .set(let set): set.contains(scalar)
      }
    }
  }

  private func single(_ mapping: String) -> Unicode.Scalar? {
    let scalars = mapping.unicodeScalars
    return scalars.count == 1 ? scalars.first : nil
  }
}

extension ScalarSet {
  /// The class `\w` of Oniguruma, which includes the superscript digits and fractions of Latin-1.
  static let word = Self(items: [
    .traits(.word, isNegated: false), .range(0xB2...0xB3), .range(0xB9...0xB9), .range(0xBC...0xBE),
  ])
}

extension ScalarTraits {
  /// The traits that `\p{name}` stands for, or nil if the name is not supported.
  init?(propertyNamed name: String) {
    switch name {
    case "L", "Letter": self = .letter
    case "Lu": self = .uppercase
    case "Ll": self = .lowercase
    case "Lt": self = .titlecase
    case "Lm": self = .modifierLetter
    case "Lo": self = .otherLetter
    case "M", "Mark": self = .mark
    case "Mn": self = .nonspacingMark
    case "Mc": self = .spacingMark
    case "Me": self = .enclosingMark
    case "N", "Number": self = .number
    case "Nd": self = .decimalNumber
    case "Nl": self = .letterNumber
    case "No": self = .otherNumber
    case "P", "Punctuation": self = .punctuation
    case "Pc": self = .connectorPunctuation
    case "Pd": self = .dashPunctuation
    case "Ps": self = .openPunctuation
    case "Pe": self = .closePunctuation
    case "Pi": self = .initialPunctuation
    case "Pf": self = .finalPunctuation
    case "Po": self = .otherPunctuation
    case "S", "Symbol": self = .symbol
    case "Sm": self = .mathSymbol
    case "Sc": self = .currencySymbol
    case "Sk": self = .modifierSymbol
    case "So": self = .otherSymbol
    case "Z", "Separator": self = .separator
    case "Zs": self = .spaceSeparator
    case "Zl": self = .lineSeparator
    case "Zp": self = .paragraphSeparator
    case "C", "Other": self = .other
    case "Cc": self = .control
    case "Cf": self = .format
    case "Co": self = .privateUse
    case "Cn": self = .unassigned
    case "Alphabetic", "Alpha": self = .alphabetic
    case "White_Space", "Space": self = .whiteSpace
    default: return nil
    }
  }
}
