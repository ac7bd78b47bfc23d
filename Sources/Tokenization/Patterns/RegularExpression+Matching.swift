extension RegularExpression {
  /// Reads an expression that matches whole texts alone.
  package init(whole pattern: String) throws(Failure) {
    _ = try Self(pattern)
    try self.init("(?:" + pattern + ")$")
  }

  /// Whether a text of one line begins with a match.
  package func matchesStart(of text: String) -> Bool {
    let bytes = Array(text.utf8)
    return matches(in: bytes, 0..<bytes.count).first?.lowerBound == 0
  }

  /// The places where the expression matches within `range` of `bytes`, from left to right, not
  /// overlapping. What lies outside `range` is not seen, by look-ahead and anchors neither.
  func matches(in bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    let machine = MatchingMachine(self, bytes, range)
    var matches: [Range<Int>] = []
    var position = range.lowerBound
    while position <= range.upperBound {
      guard let end = machine.match(at: position) else {
        position += machine.length(at: position)
        continue
      }
      // An empty match right after another is none.
      if end > position || matches.last?.upperBound != position {
        matches.append(position..<end)
      }
      position = end > position ? end : position + machine.length(at: position)
    }
    return matches
  }
}

/// Runs the program of an expression on a part of a text, trying alternatives in their order.
private struct MatchingMachine {
  /// Steps of one try after which the machine remembers where it failed: an expression that has
  /// many ways to fail then takes each only once, and one that can match nothing over and over ends.
  private static let stepsBeforeMemory = 2048

  private let program: [RegularExpression.Instruction]
  private let sets: [ScalarSet]
  private let bytes: [UInt8]
  private let range: Range<Int>

  init(_ expression: RegularExpression, _ bytes: [UInt8], _ range: Range<Int>) {
    program = expression.program
    sets = expression.sets
    self.bytes = bytes
    self.range = range
  }

  private func scalar(at position: Int) -> (Unicode.Scalar?, length: Int)? {
    guard position < range.upperBound else { return nil }
    guard
      let (scalar, length) = decodeScalar(at: position, in: bytes.span, limit: range.upperBound)
    else { return (nil, 1) }
    return (scalar, length)
  }

  func length(at position: Int) -> Int { scalar(at: position)?.length ?? 1 }

  /// The end of the match that starts at `position`.
  func match(at position: Int) -> Int? { run(from: 0, at: position) }

  private func run(from start: Int, at startPosition: Int) -> Int? {
    var stack: [(place: Int, position: Int)] = [(start, startPosition)]
    var steps = 0
    var visited: Set<Int> = []
    while var (place, position) = stack.popLast() {
      thread: while true {
        steps += 1
        if steps > Self.stepsBeforeMemory,
          !visited.insert(place * (range.count + 1) + position - range.lowerBound).inserted
        {
          break thread
        }
        switch program[place] {
        case .set(let set):
          guard let (scalar, length) = scalar(at: position), sets[set].contains(scalar) else {
            break thread
          }
          position += length
          place += 1
        case .split(let first, let second):
          stack.append((second, position))
          place = first
        case .jump(let target):
          place = target
        case .look(let end, let isNegative):
          guard (run(from: place + 1, at: position) == nil) == isNegative else { break thread }
          place = end
        case .atomic(let end):
          guard let matched = run(from: place + 1, at: position) else { break thread }
          position = matched
          place = end
        case .textStart:
          guard position == range.lowerBound else { break thread }
          place += 1
        case .textEnd:
          guard position == range.upperBound else { break thread }
          place += 1
        case .lineStart:
          guard position == range.lowerBound || bytes[position - 1] == 0x0A else { break thread }
          place += 1
        case .lineEnd:
          guard position == range.upperBound || bytes[position] == 0x0A else { break thread }
          place += 1
        case .wordBoundary(let isNegated):
          guard (isWord(before: position) != isWord(at: position)) != isNegated else {
            break thread
          }
          place += 1
        case .match:
          return position
        }
      }
    }
    return nil
  }

  private func isWord(at position: Int) -> Bool {
    guard case (let scalar?, _)? = scalar(at: position) else { return false }
    return ScalarSet.word.contains(scalar)
  }

  private func isWord(before position: Int) -> Bool {
    var start = position - 1
    while start >= range.lowerBound, start > position - 4, bytes[start] & 0xC0 == 0x80 {
      start -= 1
    }
    return start >= range.lowerBound && isWord(at: start)
  }
}
