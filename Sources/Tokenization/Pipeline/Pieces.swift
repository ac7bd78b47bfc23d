/// A text that is being tokenised: parts of one buffer, each still text or already a token.
struct Pieces {
  struct Piece {
    var range: Range<Int>
    /// The token, or -1 for text.
    var id: Int32 = -1
    /// Whether this is the beginning of the whole text.
    var isFirst = false
  }

  private(set) var bytes: [UInt8]
  private(set) var pieces: [Piece]

  /// A text with its pieces.
  init(_ bytes: [UInt8], _ pieces: [Piece]) {
    self.bytes = bytes
    self.pieces = pieces
  }

  /// Cuts every piece of text into the ranges that `body` appends, in order. Empty ranges are dropped.
  @inline(__always)
  mutating func cut(_ body: (Span<UInt8>, Range<Int>, inout [Range<Int>]) -> Void) {
    var result: [Piece] = []
    result.reserveCapacity(pieces.count)
    var ranges: [Range<Int>] = []
    for piece in pieces {
      guard piece.id < 0 else {
        result.append(piece)
        continue
      }
      ranges.removeAll(keepingCapacity: true)
      body(bytes.span, piece.range, &ranges)
      for range in ranges where !range.isEmpty {
        result.append(
          Piece(
            range: range, isFirst: piece.isFirst && range.lowerBound == piece.range.lowerBound))
      }
    }
    pieces = result
  }

  /// Rewrites every piece of text: `body` appends the replacement of a piece.
  mutating func rewrite(_ body: ([UInt8], Piece, inout [UInt8]) -> Void) {
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count + bytes.count / 8)
    var result: [Piece] = []
    result.reserveCapacity(pieces.count)
    for var piece in pieces {
      let start = output.count
      if piece.id < 0 { body(bytes, piece, &output) }
      piece.range = start..<output.count
      if piece.id >= 0 || !piece.range.isEmpty { result.append(piece) }
    }
    bytes = output
    pieces = result
  }
}
