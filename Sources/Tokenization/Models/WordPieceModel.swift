/// WordPiece (Schuster and Nakajima 2012), as in BERT: a word becomes the longest token that it begins
/// with, then the longest continuations up to its end; if that fails, the whole word is unknown.
struct WordPieceModel: Equatable, Sendable {
  let vocabulary: Vocabulary
  let unknownID: Int32
  /// The prefix of tokens that continue a word, usually `##`.
  let continuation: [UInt8]
  /// The most characters of a word; longer words are unknown.
  let longestWord: Int

  /// Appends the ids of the word at `range`.
  func encode(_ bytes: Span<UInt8>, _ range: Range<Int>, into output: inout [Int32]) {
    var characters = 0
    for position in range where bytes[position] & 0xC0 != 0x80 { characters += 1 }
    guard characters <= longestWord else {
      output.append(unknownID)
      return
    }
    let first = output.count
    var start = range.lowerBound
    while start < range.upperBound {
      var end = range.upperBound
      var found: Int32?
      while end > start {
        if start == range.lowerBound {
          found = vocabulary.id(of: bytes, start..<end)
        } else {
          found = vocabulary.id(of: continuation + (start..<end).map { bytes[$0] })
        }
        if found != nil { break }
        repeat { end -= 1 } while end > start && bytes[end] & 0xC0 == 0x80
      }
      guard let found else {
        output.removeLast(output.count - first)
        output.append(unknownID)
        return
      }
      output.append(found)
      start = end
    }
  }
}
