/// A normalisation of text before it is cut into words.
indirect enum Normalizer: Equatable, Sendable {
  case form(NormalizationForm)
  case lowercase
  /// Removes combining marks; precomposed accents stay.
  case stripAccents
  /// Removes white space at the ends.
  case strip(left: Bool, right: Bool)
  /// Prepends to every non-empty text.
  case prepend([UInt8])
  case replace(TextPattern, by: [UInt8])
  case bert(BertNormalizer)
  case precompiled(CharacterMap)
  /// The rules of SentencePiece's translation models: removes control characters and replaces unusual
  /// spaces.
  case nmt
  /// Spells bytes in the byte alphabet.
  case byteLevel
  case sentencePiece(SentencePieceNormalizer)
  case sequence([Normalizer])

  /// Normalises `text`, which begins a text where it `isFirst`. Invalid UTF-8 is left unchanged.
  func normalized(_ text: [UInt8], isFirst: Bool = true) -> [UInt8] {
    switch self {
    case .form(let form): return form.normalized(text)
    case .lowercase: return lowercased(text)
    case .stripAccents:
      return text.isASCII ? text : filtered(text) { !ScalarTraits($0).intersects(.mark) }
    case .strip(let left, let right): return stripped(text, left: left, right: right)
    case .prepend(let prefix): return text.isEmpty ? text : prefix + text
    case .replace(let pattern, let replacement):
      return pattern.replacing(text, by: replacement)
    case .bert(let bert): return bert.normalized(text)
    case .precompiled(let map): return map.normalizedByCharacter(text)
    case .nmt: return translationNormalized(text)
    case .byteLevel: return ByteAlphabet.spelling(of: text)
    case .sentencePiece(let normalizer): return normalizer.normalized(text, isFirst: isFirst)
    case .sequence(let parts): return parts.reduce(text) { $1.normalized($0, isFirst: isFirst) }
    }
  }
}

/// `text` with every scalar in lower case, regardless of context.
func lowercased(_ text: [UInt8]) -> [UInt8] {
  var output: [UInt8] = []
  output.reserveCapacity(text.count)
  forEachScalar(in: text) { scalar, range in
    guard let scalar, !scalar.isASCII else {
      let byte = text[range.lowerBound]
      output.append(0x41...0x5A ~= byte ? byte | 0x20 : byte)
      return
    }
    if scalar.properties.changesWhenLowercased {
      output += Array(scalar.properties.lowercaseMapping.utf8)
    } else {
      output += text[range]
    }
  }
  return output
}

/// The scalars of `text` that `isKept` accepts.
func filtered(_ text: [UInt8], _ isKept: (Unicode.Scalar) -> Bool) -> [UInt8] {
  var output: [UInt8] = []
  output.reserveCapacity(text.count)
  forEachScalar(in: text) { scalar, range in
    if scalar.map(isKept) ?? true { output += text[range] }
  }
  return output
}

private func stripped(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
  var first: Int?
  var last = 0
  forEachScalar(in: text) { scalar, range in
    if scalar.map({ ScalarTraits($0).intersects(.whiteSpace) }) ?? false { return }
    if first == nil { first = range.lowerBound }
    last = range.upperBound
  }
  guard let first else { return left || right ? [] : text }
  return Array(text[(left ? first : 0)..<(right ? last : text.count)])
}

private func translationNormalized(_ text: [UInt8]) -> [UInt8] {
  var output: [UInt8] = []
  output.reserveCapacity(text.count)
  forEachScalar(in: text) { scalar, range in
    switch scalar?.value ?? 0x110000 {
    case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
    case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF,
      0xFFFD:
      output.append(UInt8(ascii: " "))
    default: output += text[range]
    }
  }
  return output
}
