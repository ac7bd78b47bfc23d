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
  /// The windows of a stream: each a list of pieces of its tokens, with a place in the window
  /// for each that is learnt.
  ///
  /// A document that is too long is cut into several pieces where all of it is learnt, and cut off where
  /// not, since what is asked stands at its beginning.
  func rows(of stream: TokenStream, sequence: Int) -> [[Range<Int>]] {
    let pieces = stream.documents.flatMap { document -> [Range<Int>] in
      if stream.places(of: document) <= sequence { return [document] }
      if self != .none, stream.isLearnt == nil {
        return stream.pieces(of: document, sequence: sequence)
      }
      return [document.prefix(sequence + 1 - stream.start(of: document).count)]
    }.filter { stream.countsLabels(in: $0) }
    return self == .none
      ? pieces.map { [$0] } : Self.fitted(pieces, sequence: sequence, places: stream.places)
  }

  /// The longest piece first, each into the fullest window that has room for it.
  private static func fitted(
    _ pieces: [Range<Int>], sequence: Int, places: (Range<Int>) -> Int
  ) -> [[Range<Int>]] {
    var rows: [[Range<Int>]] = []
    // Windows by the places they have left.
    var open: [[Int]] = Array(repeating: [], count: sequence + 1)
    let order = pieces.sorted {
      (places($1), $0.lowerBound) < (places($0), $1.lowerBound)
    }
    for piece in order {
      let needed = places(piece)
      let room = (needed...sequence).first { !open[$0].isEmpty } ?? sequence
      let row = open[room].popLast() ?? rows.count
      if row == rows.count { rows.append([]) }
      rows[row].append(piece)
      open[room - needed].append(row)
    }
    return rows
  }
}
