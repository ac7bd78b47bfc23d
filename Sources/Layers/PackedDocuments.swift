public import Tensors

/// Which tokens of a batch belong together, where several documents stand behind one another in a row.
///
/// A token sees those of its own document alone, and its position is counted from the document's first
/// token, so that a model computes for each document what it computes for it alone.
public struct PackedDocuments: Sendable {
  /// `[batch, tokens]`: the place in its row of the first token of each token's document.
  public let starts: Tensor<Int32>
  /// `[batch, tokens]`: each token's place in its document.
  public let positions: Tensor<Int32>

  /// The documents whose first tokens stand at these places of their rows, told for each token. Traps
  /// where one is behind its token.
  public init(starts: Tensor<Int32>) {
    precondition(starts.rank == 2, "PackedDocuments: \(starts.shape) is not [batch, tokens]")
    self.starts = starts
    let places = Tensor((0..<Int32(starts.shape[1])).map { $0 })
    positions = places.broadcast(to: starts.shape) - starts
    precondition(
      positions.elementCount == 0 || positions.minimum() >= 0 && starts.minimum() >= 0,
      "PackedDocuments: a document begins behind one of its tokens")
  }

  /// The places of each row's documents, in order; what is left of a row is one.
  package var pieces: [[Range<Int>]] {
    let tokens = starts.shape[1]
    return starts.split(into: starts.shape[0]).map { row in
      var pieces: [Range<Int>] = []
      var first = 0
      for (place, start) in row.contiguous().scalars.enumerated() where Int(start) > first {
        pieces.append(first..<place)
        first = place
      }
      return pieces + [first..<tokens]
    }
  }

  /// Rows of documents of these lengths, one behind the other; what is left of a row of `tokens` is a
  /// document too. Traps where they are longer than the row.
  public init(lengths: [[Int]], tokens: Int) {
    var starts: [Int32] = []
    for row in lengths {
      var start = 0
      for length in row {
        starts += repeatElement(Int32(start), count: length)
        start += length
      }
      precondition(start <= tokens, "PackedDocuments: lengths \(row) exceed \(tokens) tokens")
      starts += repeatElement(Int32(start), count: tokens - start)
    }
    self.init(starts: Tensor(starts, shape: [lengths.count, tokens]))
  }
}
