/// The normaliser of BERT (Devlin et al., arXiv 1810.04805), as in its original implementation.
struct BertNormalizer: Equatable, Sendable {
  /// Whether control characters are removed and white space becomes spaces.
  var cleansText: Bool
  /// Whether Chinese characters are surrounded with spaces.
  var separatesChinese: Bool
  var stripsAccents: Bool
  var lowercases: Bool

  func normalized(_ text: [UInt8]) -> [UInt8] {
    var text = text
    if cleansText { text = cleaned(text) }
    if separatesChinese, !text.isASCII { text = separated(text) }
    if stripsAccents, !text.isASCII {
      text = filtered(NormalizationForm.nfd.normalized(text)) {
        !ScalarTraits($0).intersects(.nonspacingMark)
      }
    }
    return lowercases ? lowercased(text) : text
  }

  private func cleaned(_ text: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(text.count)
    forEachScalar(in: text) { scalar, range in
      guard let scalar else {
        output += text[range]
        return
      }
      switch scalar.value {
      case 0x20..<0x7F: output.append(text[range.lowerBound])
      case 0x09, 0x0A, 0x0D: output.append(UInt8(ascii: " "))
      case 0xFFFD: break
      default:
        let traits = ScalarTraits(scalar)
        if traits.intersects([.control, .format, .privateUse]) { return }
        if traits.intersects(.whiteSpace) {
          output.append(UInt8(ascii: " "))
        } else {
          output += text[range]
        }
      }
    }
    return output
  }

  private func separated(_ text: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(text.count)
    forEachScalar(in: text) { scalar, range in
      let isChinese = scalar.map(Self.isChinese) ?? false
      if isChinese { output.append(UInt8(ascii: " ")) }
      output += text[range]
      if isChinese { output.append(UInt8(ascii: " ")) }
    }
    return output
  }

  /// Whether a scalar is in one of the blocks that BERT lists as Chinese.
  private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
      0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
