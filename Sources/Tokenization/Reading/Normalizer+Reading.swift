extension Normalizer {
  init(_ field: FileField) throws(TokenizerError) {
    switch try field.type() {
    case "NFC": self = .form(.nfc)
    case "NFD": self = .form(.nfd)
    case "NFKC": self = .form(.nfkc)
    case "NFKD": self = .form(.nfkd)
    case "Lowercase": self = .lowercase
    case "StripAccents": self = .stripAccents
    case "Nmt": self = .nmt
    case "ByteLevel": self = .byteLevel
    case "Strip":
      self = .strip(
        left: try field.boolean("strip_left", default: true),
        right: try field.boolean("strip_right", default: true))
    case "Prepend": self = .prepend(try field.required("prepend").bytes())
    case "Replace":
      self = .replace(
        try TextPattern(try field.required("pattern")),
        by: try field.required("content").bytes())
    case "Precompiled":
      let map = try field.required("precompiled_charsmap")
      guard let bytes = base64Decoded(try map.bytes()), let table = CharacterMap(bytes) else {
        throw map.error(.invalidValue, "expected a SentencePiece table of replacements in base 64")
      }
      self = .precompiled(table)
    case "BertNormalizer":
      let lowercases = try field.boolean("lowercase", default: true)
      self = .bert(
        BertNormalizer(
          cleansText: try field.boolean("clean_text", default: true),
          separatesChinese: try field.boolean("handle_chinese_chars", default: true),
          stripsAccents: try field.boolean("strip_accents", default: lowercases),
          lowercases: lowercases))
    case "Sequence":
      var parts: [Normalizer] = []
      for part in try field.required("normalizers").array(atMost: 64) {
        parts.append(try Normalizer(part))
      }
      self = .sequence(parts)
    default:
      throw try field.unsupported(
        "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, Precompiled, "
          + "BertNormalizer, Nmt, ByteLevel, Sequence")
    }
  }
}

extension TextPattern {
  /// Reads `{"String": "..."}` or `{"Regex": "..."}`.
  init(_ field: FileField) throws(TokenizerError) {
    if let literal = try field.member("String") {
      self = .literal(try literal.bytes())
      return
    }
    guard let regex = try field.member("Regex") else {
      throw field.error(.missingField, "missing, expected String or Regex")
    }
    let pattern = try regex.string()
    if let words = WordPattern(spelling: pattern) {
      self = .words(words)
      return
    }
    do {
      self = .expression(try RegularExpression(pattern))
    } catch {
      throw regex.error(.unsupported, "\(quoted(pattern.utf8)): \(error.message)")
    }
  }
}
