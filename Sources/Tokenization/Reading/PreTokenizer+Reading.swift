extension PreTokenizer {
  init(_ field: FileField) throws(TokenizerError) {
    switch try field.type() {
    case "ByteLevel":
      self = .byteLevel(
        addsPrefixSpace: try field.boolean("add_prefix_space", default: true),
        cutsWords: try field.boolean("use_regex", default: true))
    case "Metaspace":
      self = .metaspace(
        try Metaspace(field), cutsWords: try field.boolean("split", default: true))
    case "Whitespace": self = .whitespace
    case "WhitespaceSplit": self = .split(.whiteSpace, .removed, isInverted: false)
    case "BertPreTokenizer": self = .bert
    case "Punctuation":
      self = .split(
        .punctuation, try SplitBehavior(field, default: .isolated), isInverted: false)
    case "Digits":
      self = .digits(individually: try field.boolean("individual_digits", default: false))
    case "CharDelimiterSplit":
      self = .split(
        .literal(try field.required("delimiter").bytes()), .removed, isInverted: false)
    case "Split":
      self = .split(
        try TextPattern(try field.required("pattern")), try SplitBehavior(field, default: nil),
        isInverted: try field.boolean("invert", default: false))
    case "Sequence":
      var parts: [PreTokenizer] = []
      for part in try field.required("pretokenizers").array(atMost: 64) {
        parts.append(try PreTokenizer(part))
      }
      self = .sequence(parts)
    default:
      throw try field.unsupported(
        "ByteLevel, Metaspace, Split, Whitespace, WhitespaceSplit, BertPreTokenizer, Punctuation, "
          + "Digits, CharDelimiterSplit, Sequence")
    }
  }
}

extension SplitBehavior {
  fileprivate init(_ field: FileField, default value: Self?) throws(TokenizerError) {
    guard let behavior = try field.member("behavior") else {
      guard let value else { throw field.error(.missingField, "missing", field: "behavior") }
      self = value
      return
    }
    self = try behavior.choice(
      Self.self,
      of: ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"])
  }
}

extension Metaspace {
  init(_ field: FileField) throws(TokenizerError) {
    mark = try field.member("replacement")?.bytes() ?? Self.mark
    guard String(decoding: mark, as: UTF8.self).unicodeScalars.count == 1 else {
      throw field.error(.invalidValue, "expected one character", field: "replacement")
    }
    scheme =
      try field.member("prepend_scheme")?
      .choice(Scheme.self, of: ["always", "first", "never"]) ?? .always
    // The older form of `prepend_scheme`.
    if try !field.boolean("add_prefix_space", default: true) { scheme = .never }
  }
}
