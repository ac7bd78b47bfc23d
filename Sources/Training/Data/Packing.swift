/// How texts and examples are put into the windows that a model is trained on.
public enum Packing: String, Sendable, Hashable, Codable, CaseIterable {
  /// One behind the other as one text, windows cut anywhere: each token sees what is before it in its
  /// window, of whatever text.
  case joined
  /// Several in a window, each token seeing those of its own alone, with positions from its own start.
  case separate
  /// One in a window, filled up with places that do not count.
  case none
}

/// What of an example the loss is taken on.
public enum LossScope: String, Sendable, Hashable, Codable, CaseIterable {
  /// What the model is to write: completions, and its turns in conversations.
  case completions
  /// All of it.
  case all
}

/// What the spelling of a special token in a text becomes.
public enum SpecialTokenRule: String, Sendable, Hashable, Codable, CaseIterable {
  /// Text like any other.
  case text
  /// That token.
  case tokens
}

extension Packing {
  /// The windows of a stream: each a list of pieces of its tokens, of which a piece of n tokens has n - 1
  /// places in the window, since it is the next one that is learnt at each.
  ///
  /// A document that is too long is cut into several pieces where all of it is learnt, and cut off where
  /// not, since what is asked stands at its beginning.
  func rows(of stream: TokenStream, sequence: Int) -> [[Range<Int>]] {
    let pieces = stream.documents.flatMap { document -> [Range<Int>] in
      guard self != .none, stream.isLearnt == nil else {
        return [document.prefix(sequence + 1)].map { $0.startIndex..<$0.endIndex }
      }
      return stride(from: document.lowerBound, to: document.upperBound - 1, by: sequence).map {
        $0..<min($0 + sequence + 1, document.upperBound)
      }
    }.filter { stream.countsLabels(in: $0) }
    return self == .none ? pieces.map { [$0] } : Self.fitted(pieces, sequence: sequence)
  }

  /// The longest piece first, each into the fullest window that has room for it.
  private static func fitted(_ pieces: [Range<Int>], sequence: Int) -> [[Range<Int>]] {
    var rows: [[Range<Int>]] = []
    // Windows by the places they have left.
    var open: [[Int]] = Array(repeating: [], count: sequence + 1)
    let order = pieces.sorted {
      ($1.count, $0.lowerBound) < ($0.count, $1.lowerBound)
    }
    for piece in order {
      let needed = piece.count - 1
      let room = (needed...sequence).first { !open[$0].isEmpty } ?? sequence
      let row = open[room].popLast() ?? rows.count
      if row == rows.count { rows.append([]) }
      rows[row].append(piece)
      open[room - needed].append(row)
    }
    return rows
  }
}
