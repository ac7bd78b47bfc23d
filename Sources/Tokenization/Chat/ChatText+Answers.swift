extension ChatTemplate {
  /// What the model is to write of a conversation: for each of its turns the bytes of what it says and
  /// of the token that ends the turn.
  public func answers(in chat: ChatText) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    for (index, part) in chat.parts.enumerated() {
      let end = start + part.text.utf8.count
      defer { start = end }
      guard part.role == .assistant else { continue }
      let next = index + 1 < chat.parts.count ? Array(chat.parts[index + 1].text.utf8) : []
      let mark = TextPattern.literal(Array(turnEnd.utf8)).matches(in: next, 0..<next.count).first
      ranges.append(start..<end + (mark?.upperBound ?? 0))
    }
    return ranges
  }
}

extension ChatText {
  /// The first `count` bytes, which end where a character does.
  func prefix(_ count: Int) -> ChatText {
    var (chat, left) = (ChatText(), count)
    for part in parts where left > 0 {
      chat.append(String(decoding: part.text.utf8.prefix(left), as: UTF8.self), part.role)
      left -= part.text.utf8.count
    }
    return chat
  }
}

extension Tokenizer {
  /// Which of the tokens `ids` of a conversation hold bytes of `ranges` of it: a token on the border of
  /// a range belongs to it.
  public func tokens(_ ids: [Int32], of chat: ChatText, in ranges: [Range<Int>]) -> [Range<Int>] {
    tokens(ids, of: chat.text.utf8.count, in: ranges) { encode(chat.prefix($0)) }
  }

  /// Which of the tokens `ids` of a text of `byteCount` bytes hold bytes of `ranges` of it.
  ///
  /// Where the bytes of the tokens are those of the text they are counted. Where they are not, as when a
  /// text was normalised, the tokens of its beginnings tell: they differ from `ids` at the border.
  ///
  /// - Parameters:
  ///   - ids: The tokens of the text.
  ///   - byteCount: Bytes of the text.
  ///   - ranges: In order, with ends between characters.
  ///   - prefix: The tokens of the first bytes of the text.
  public func tokens(
    _ ids: [Int32], of byteCount: Int, in ranges: [Range<Int>], prefix: (Int) -> [Int32]
  ) -> [Range<Int>] {
    var ends: [Int] = []
    for id in ids { ends.append((ends.last ?? 0) + decodeBytes([id]).count) }
    guard ends.last ?? 0 == byteCount else {
      return ranges.map { range in
        let (before, within) = (prefix(range.lowerBound), prefix(range.upperBound))
        let whole = zip(within, ids).prefix { $0 == $1 }.count
        let end = whole == within.count ? whole : min(whole + 1, ids.count)
        return min(zip(before, ids).prefix { $0 == $1 }.count, end)..<end
      }
    }
    var token = 0
    return ranges.map { range in
      while token < ids.count, ends[token] <= range.lowerBound { token += 1 }
      let first = token
      while !range.isEmpty, token < ids.count,
        (token == 0 ? 0 : ends[token - 1]) < range.upperBound
      { token += 1 }
      let end = token
      // The next range may begin within the last token.
      token = max(first, token - 1)
      return first..<end
    }
  }
}
