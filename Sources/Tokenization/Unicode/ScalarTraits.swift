/// The properties of a Unicode scalar that tokenizers use: one bit per general category, and one each for
/// White_Space and Alphabetic.
struct ScalarTraits: OptionSet, Hashable, Sendable {
  let rawValue: UInt32

  static let uppercase = Self(rawValue: 1 << 0)
  static let lowercase = Self(rawValue: 1 << 1)
  static let titlecase = Self(rawValue: 1 << 2)
  static let modifierLetter = Self(rawValue: 1 << 3)
  static let otherLetter = Self(rawValue: 1 << 4)
  static let nonspacingMark = Self(rawValue: 1 << 5)
  static let spacingMark = Self(rawValue: 1 << 6)
  static let enclosingMark = Self(rawValue: 1 << 7)
  static let decimalNumber = Self(rawValue: 1 << 8)
  static let letterNumber = Self(rawValue: 1 << 9)
  static let otherNumber = Self(rawValue: 1 << 10)
  static let connectorPunctuation = Self(rawValue: 1 << 11)
  static let dashPunctuation = Self(rawValue: 1 << 12)
  static let openPunctuation = Self(rawValue: 1 << 13)
  static let closePunctuation = Self(rawValue: 1 << 14)
  static let initialPunctuation = Self(rawValue: 1 << 15)
  static let finalPunctuation = Self(rawValue: 1 << 16)
  static let otherPunctuation = Self(rawValue: 1 << 17)
  static let mathSymbol = Self(rawValue: 1 << 18)
  static let currencySymbol = Self(rawValue: 1 << 19)
  static let modifierSymbol = Self(rawValue: 1 << 20)
  static let otherSymbol = Self(rawValue: 1 << 21)
  static let spaceSeparator = Self(rawValue: 1 << 22)
  static let lineSeparator = Self(rawValue: 1 << 23)
  static let paragraphSeparator = Self(rawValue: 1 << 24)
  static let control = Self(rawValue: 1 << 25)
  static let format = Self(rawValue: 1 << 26)
  static let surrogate = Self(rawValue: 1 << 27)
  static let privateUse = Self(rawValue: 1 << 28)
  static let unassigned = Self(rawValue: 1 << 29)
  static let whiteSpace = Self(rawValue: 1 << 30)
  static let alphabetic = Self(rawValue: 1 << 31)

  static let letter: Self = [
    .uppercase, .lowercase, .titlecase, .modifierLetter, .otherLetter,
  ]
  static let mark: Self = [.nonspacingMark, .spacingMark, .enclosingMark]
  static let number: Self = [.decimalNumber, .letterNumber, .otherNumber]
  static let punctuation: Self = [
    .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
    .initialPunctuation, .finalPunctuation, .otherPunctuation,
  ]
  static let symbol: Self = [.mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol]
  static let separator: Self = [.spaceSeparator, .lineSeparator, .paragraphSeparator]
  static let other: Self = [.control, .format, .surrogate, .privateUse, .unassigned]
  /// The class `\w` of regular expressions (Unicode Technical Standard 18, annex C).
  static let word: Self = [.alphabetic, .mark, .decimalNumber, .connectorPunctuation]
  /// The letters that count as capital in a word of mixed case; some also count as `small`.
  static let capital: Self = [
    .uppercase, .titlecase, .modifierLetter, .otherLetter, .mark,
  ]
  static let small: Self = [.lowercase, .modifierLetter, .otherLetter, .mark]

  func intersects(_ other: Self) -> Bool { rawValue & other.rawValue != 0 }
}

extension ScalarTraits {
  /// The traits of a scalar.
  @inline(__always)
  init(_ scalar: Unicode.Scalar) {
    self =
      scalar.value < 0x10000 ? Self.table[Int(scalar.value)] : Self(properties: scalar.properties)
  }

  /// The traits of the first plane, cached since each property needs a search.
  private static let table: [Self] = (UInt32(0)..<0x10000).map { value in
    Unicode.Scalar(value).map { Self(properties: $0.properties) } ?? .surrogate
  }

  private init(properties: Unicode.Scalar.Properties) {
    var traits = Self(properties.generalCategory)
    if properties.isWhitespace { traits.insert(.whiteSpace) }
    if properties.isAlphabetic { traits.insert(.alphabetic) }
    self = traits
  }

  private init(_ category: Unicode.GeneralCategory) {
    self =
      switch category {
      case .uppercaseLetter: .uppercase
      case .lowercaseLetter: .lowercase
      case .titlecaseLetter: .titlecase
      case .modifierLetter: .modifierLetter
      case .otherLetter: .otherLetter
      case .nonspacingMark: .nonspacingMark
      case .spacingMark: .spacingMark
      case .enclosingMark: .enclosingMark
      case .decimalNumber: .decimalNumber
      case .letterNumber: .letterNumber
      case .otherNumber: .otherNumber
      case .connectorPunctuation: .connectorPunctuation
      case .dashPunctuation: .dashPunctuation
      case .openPunctuation: .openPunctuation
      case .closePunctuation: .closePunctuation
      case .initialPunctuation: .initialPunctuation
      case .finalPunctuation: .finalPunctuation
      case .otherPunctuation: .otherPunctuation
      case .mathSymbol: .mathSymbol
      case .currencySymbol: .currencySymbol
      case .modifierSymbol: .modifierSymbol
      case .otherSymbol: .otherSymbol
      case .spaceSeparator: .spaceSeparator
      case .lineSeparator: .lineSeparator
      case .paragraphSeparator: .paragraphSeparator
      case .control: .control
      case .format: .format
      case .surrogate: .surrogate
      case .privateUse: .privateUse
      case .unassigned: .unassigned
      @unknown default: .unassigned
      }
  }

  /// The traits and the length in bytes of the scalar at `position`, or no traits and 1 for a byte of
  /// invalid UTF-8.
  @inline(__always)
  static func at(
    _ position: Int, in bytes: Span<UInt8>, limit: Int
  ) -> (traits: Self, length: Int) {
    guard let (scalar, length) = decodeScalar(at: position, in: bytes, limit: limit) else {
      return ([], 1)
    }
    return (Self(scalar), length)
  }
}
