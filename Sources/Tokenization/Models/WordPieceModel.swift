/// WordPiece (Schuster and Nakajima 2012), as BERT uses it: a word is the longest token it begins
/// with, then the longest continuation, to its end; where that fails it is unknown as a whole.
struct WordPieceModel: Equatable, Sendable {
  let vocabulary: Vocabulary
  let unknownID: Int32
  /// What tokens that go on with a word begin with, usually `##`.
  let continuation: [UInt8]
  /// A word of more characters is unknown.
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
