/// What happens to the matches at which a text is cut.
enum SplitBehavior: String, Equatable, Sendable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// Cuts `range` at `matches`, or with `isInverted` at the text between them.
  func cut(
    _ range: Range<Int>, at matches: [Range<Int>], isInverted: Bool, into words: inout [Range<Int>]
  ) {
    var parts: [(range: Range<Int>, isMatch: Bool)] = []
    parts.reserveCapacity(2 * matches.count + 1)
    var position = range.lowerBound
    for match in matches {
      if position < match.lowerBound { parts.append((position..<match.lowerBound, isInverted)) }
      parts.append((match, !isInverted))
      position = match.upperBound
    }
    if position < range.upperBound { parts.append((position..<range.upperBound, isInverted)) }

    switch self {
    case .removed:
      for part in parts where !part.isMatch { words.append(part.range) }
    case .isolated:
      for part in parts { words.append(part.range) }
    case .contiguous:
      var wasMatch: Bool?
      for part in parts {
        if wasMatch == part.isMatch, let last = words.popLast() {
          words.append(last.lowerBound..<part.range.upperBound)
        } else {
          words.append(part.range)
        }
        wasMatch = part.isMatch
      }
    case .mergedWithPrevious:
      var wasMatch = true
      for part in parts {
        // A match after another match is separate.
        if part.isMatch, !wasMatch, let last = words.popLast() {
          words.append(last.lowerBound..<part.range.upperBound)
        } else {
          words.append(part.range)
        }
        wasMatch = part.isMatch
      }
    case .mergedWithNext:
      var wasMatch = false
      for part in parts {
        if !part.isMatch, wasMatch, let last = words.popLast() {
          words.append(last.lowerBound..<part.range.upperBound)
        } else {
          words.append(part.range)
        }
        wasMatch = part.isMatch
      }
    }
  }
}
