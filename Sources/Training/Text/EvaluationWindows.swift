internal import Tensors

/// Windows to measure on, so that every token is predicted once; the first one only behind tokens that
/// every window begins with.
public struct EvaluationWindows: Sendable {
  /// Batches of windows.
  public let batches: [Batch]
  /// Bytes of text that are predicted: exact for all windows of a text together, else in proportion.
  public let byteCount: Double

  /// All windows of a text, a shorter last one included; for texts that are kept apart theirs.
  public static func all(
    of stream: TokenStream, packing: Packing = .joined, sequence: Int, batchSize: Int
  ) -> Self {
    guard packing == .joined else {
      return Self(stream, packing.rows(of: stream, sequence: sequence), batchSize: batchSize)
    }
    let (whole, rest) = Self.windows(of: stream, sequence: sequence)
    var batches = Self.batches(stream, whole.map { [$0] }, batchSize: batchSize)
    if let rest { batches.append(Batch(stream, rows: [[rest]])) }
    return Self(
      batches: batches, byteCount: Double(stream.byteCount - stream.firstByteCount))
  }

  /// At most `count` whole windows spread evenly over a text: the same ones for every run on it.
  public static func spread(
    _ count: Int, over stream: TokenStream, packing: Packing = .joined, sequence: Int,
    batchSize: Int
  ) -> Self {
    guard packing == .joined else {
      let rows = packing.rows(of: stream, sequence: sequence)
      let taken = min(count, rows.count)
      return Self(
        stream, (0..<taken).map { rows[$0 * rows.count / taken] }, batchSize: batchSize)
    }
    let whole = Self.windows(of: stream, sequence: sequence).whole
    let taken = min(count, whole.count)
    return Self(
      stream, (0..<taken).map { [whole[$0 * whole.count / taken]] }, batchSize: batchSize)
  }

  /// Windows of a joined text, and what is left.
  private static func windows(of stream: TokenStream, sequence: Int) -> (
    whole: [Range<Int>], rest: Range<Int>?
  ) {
    var pieces = stream.pieces(of: 0..<stream.tokens.count, sequence: sequence)
    let isShort = pieces.last.map { $0.count < stream.pieceLength(sequence: sequence) } ?? false
    let rest = isShort ? pieces.popLast() : nil
    return (pieces, rest)
  }

  private init(batches: [Batch], byteCount: Double) {
    self.batches = batches
    self.byteCount = byteCount
  }

  private init(_ stream: TokenStream, _ rows: [[Range<Int>]], batchSize: Int) {
    batches = Self.batches(stream, rows, batchSize: batchSize)
    byteCount = stream.bytesPerToken * Double(batches.reduce(0) { $0 + $1.tokenCount })
  }

  private static func batches(
    _ stream: TokenStream, _ rows: [[Range<Int>]], batchSize: Int
  ) -> [Batch] {
    stride(from: 0, to: rows.count, by: batchSize).map { first in
      Batch(stream, rows: Array(rows[first..<min(first + batchSize, rows.count)]))
    }
  }

  /// Tokens that are predicted.
  public var tokenCount: Int { batches.reduce(0) { $0 + $1.tokenCount } }

  /// Windows of all batches.
  public var windowCount: Int { batches.reduce(0) { $0 + $1.inputs.shape[0] } }
}
