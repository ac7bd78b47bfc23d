extension PipelineTokenizer {
  /// The joined bytes of the tokens `ids`; ids outside the vocabulary are ignored.
  public func decodeBytes(_ ids: [Int32]) -> [UInt8] {
    decodeBytes(ids, skippingSpecialTokens: false)
  }

  /// The joined bytes of the tokens `ids`, optionally without special tokens.
  public func decodeBytes(_ ids: [Int32], skippingSpecialTokens: Bool) -> [UInt8] {
    let ids = ids.filter {
      0 <= $0 && $0 < tokens.count
        && !(skippingSpecialTokens && addedTokens[$0]?.isSpecial ?? false)
    }
    if keepsBytes {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(4 * ids.count)
      for id in ids { bytes.append(contentsOf: tokens[Int(id)]) }
      return bytes
    }
    let words = ids.map { Array(tokens[Int($0)]) }.filter { !$0.isEmpty }
    guard let decoder else { return Array(words.joined(separator: [UInt8(ascii: " ")])) }
    return Array(decoder.apply(to: words).joined())
  }

  /// The text of the tokens `ids`, optionally without special tokens, with U+FFFD in place of invalid
  /// UTF-8.
  public func decode(_ ids: [Int32], skippingSpecialTokens: Bool) -> String {
    String(
      decoding: decodeBytes(ids, skippingSpecialTokens: skippingSpecialTokens), as: UTF8.self)
  }
}
