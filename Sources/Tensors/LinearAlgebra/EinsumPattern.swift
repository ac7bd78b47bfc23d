/// A pattern of `einsum`, taken apart.
struct EinsumPattern {
  private let pattern: String
  private let inputs: [[Character]]
  /// nil without an arrow.
  private let output: [Character]?

  /// Stands for `...` among the letters.
  private static let dots: Character = "."

  /// Traps on anything but letters, commas, `...` and one arrow.
  init(_ pattern: String) {
    self.pattern = pattern
    let text = pattern.filter { $0 != " " }
    var (left, right) = (text[...], text[text.endIndex...])
    var explicit = false
    if let arrow = text.firstIndex(of: "-") {
      let after = text.index(after: arrow)
      precondition(
        after < text.endIndex && text[after] == ">", "einsum: \(pattern) has - without >")
      (left, right, explicit) = (text[..<arrow], text[text.index(after: after)...], true)
    }
    func letters(_ part: Substring) -> [Character] {
      var result: [Character] = []
      var rest = part
      while let letter = rest.first {
        let isDots = rest.hasPrefix("...")
        precondition(
          isDots ? !result.contains(Self.dots) : letter.isASCII && letter.isLetter,
          "einsum: \(pattern) may hold only letters, commas, ... once for each tensor, and one ->")
        result.append(isDots ? Self.dots : letter)
        rest = rest.dropFirst(isDots ? 3 : 1)
      }
      return result
    }
    inputs = left.split(separator: ",", omittingEmptySubsequences: false).map(letters)
    output = explicit ? letters(right) : nil
  }

  /// The names of all axes of tensors with so many of them; those of `...` are digits, counted from the
  /// last axis.
  func letters(ranks: [Int]) -> (inputs: [[Character]], output: [Character]) {
    func hidden(_ count: Int) -> [Character] {
      // Beyond the ten digits, other characters that no pattern has.
      (0..<max(0, count)).reversed().map { Character(Unicode.Scalar(UInt8(0x30 + $0))) }
    }
    var most = 0
    let named = zip(inputs, ranks).map { letters, rank -> [Character] in
      guard let place = letters.firstIndex(of: Self.dots) else { return letters }
      let count = rank - (letters.count - 1)
      precondition(
        count >= 0 && count <= 16, "einsum: \(pattern) does not fit a tensor of \(rank) axes")
      most = max(most, count)
      return letters[..<place] + hidden(count) + letters[(place + 1)...]
    }
    let complete = named + inputs.dropFirst(named.count)
    if let output {
      precondition(
        most == 0 || output.contains(Self.dots),
        "einsum: the result of \(pattern) has no ... for the axes without a letter")
      return (complete, output.flatMap { $0 == Self.dots ? hidden(most) : [$0] })
    }
    let all = inputs.flatMap { $0 }.filter { $0 != Self.dots }
    let once = all.filter { letter in all.count { $0 == letter } == 1 }.sorted()
    return (complete, hidden(most) + once)
  }
}
