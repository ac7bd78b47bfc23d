/// The published regular expressions that cut text into words before byte pairs are merged, implemented
/// as dedicated scanners, which are many times faster than general regular expressions.
enum WordPattern: Equatable, Sendable, CaseIterable {
  /// GPT-2 and RoBERTa.
  case gpt2
  /// Llama 3, SmolLM3 and GPT-4: contractions in any case, words that may begin with any character except
  /// a digit, up to three digits, line ends separate from other white space.
  case llama3
  /// Qwen 2 and 3: like `llama3`, with each digit a word.
  case qwen2
  /// GPT-4o: like `llama3`, with words also cut before a capital, and contractions part of their words.
  case gpt4o
  /// Mistral's Tekken: like `gpt4o` without contractions, with each digit a word.
  case tekken

  /// The spellings of the expression in files.
  var spellings: [String] {
    let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    let spaces = #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    func cased(_ ending: String, _ digits: String) -> String {
      #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"# + ending
        + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#
        + ending + "|" + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|"# + spaces
    }
    switch self {
    case .gpt2:
      return [
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
        #"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
      ]
    case .llama3:
      return [
        contractions
          + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"# + spaces,
        contractions
          + #"|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|"#
          + #"\s+(?!\S)|\s+"#,
      ]
    case .qwen2:
      return [
        contractions
          + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"# + spaces
      ]
    case .gpt4o: return [cased(contractions + "?", #"\p{N}{1,3}"#)]
    case .tekken: return [cased("", #"\p{N}"#)]
    }
  }

  /// The pattern with a spelling in files.
  init?(spelling: String) {
    let pattern = Self.allCases.first { $0.spellings.contains(spelling) }
    guard let pattern else { return nil }
    self = pattern
  }

  /// Appends the words of `range` to `words`, in order; they cover the range.
  func cut(_ bytes: Span<UInt8>, _ range: Range<Int>, into words: inout [Range<Int>]) {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = wordEnd(in: bytes, from: start, limit: range.upperBound)
      words.append(start..<end)
      start = end
    }
  }

  /// The end of the word that starts at `start`, which is below `limit`.
  @inline(__always)
  func wordEnd(in bytes: Span<UInt8>, from start: Int, limit: Int) -> Int {
    switch self {
    case .gpt2: gpt2WordEnd(in: bytes, from: start, limit: limit)
    case .llama3: gpt4WordEnd(in: bytes, from: start, limit: limit, mostDigits: 3)
    case .qwen2: gpt4WordEnd(in: bytes, from: start, limit: limit, mostDigits: 1)
    case .gpt4o:
      casedWordEnd(in: bytes, from: start, limit: limit, mostDigits: 3, contractions: true)
    case .tekken:
      casedWordEnd(in: bytes, from: start, limit: limit, mostDigits: 1, contractions: false)
    }
  }
}

/// The classes of characters that the patterns distinguish: the general categories L and N, the property
/// White_Space, and everything else, including invalid UTF-8.
enum CharacterClass: UInt8 {
  case other, letter, number, space
}

/// The class of the character at `position`, and its length in bytes.
@inline(__always)
func characterClass(
  at position: Int, in bytes: Span<UInt8>, limit: Int
) -> (kind: CharacterClass, length: Int) {
  let first = bytes[position]
  if first < 0x80 { return (CharacterClass(ascii: first), 1) }
  guard let (scalar, length) = decodeScalar(at: position, in: bytes, limit: limit) else {
    return (.other, 1)
  }
  return (CharacterClass(scalar), length)
}

extension CharacterClass {
  @inline(__always)
  init(ascii byte: UInt8) {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
      self = .letter
    case UInt8(ascii: " "), 0x09...0x0D:
      self = .space
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      self = .number
    default:
      self = .other
    }
  }

  init(_ scalar: Unicode.Scalar) {
    let traits = ScalarTraits(scalar)
    self =
      traits.intersects(.letter)
      ? .letter
      : traits.intersects(.number) ? .number : traits.intersects(.whiteSpace) ? .space : .other
  }
}

/// The end of a run of characters of one class that continues at `start`.
@inline(__always)
func runEnd(
  of kind: CharacterClass, in bytes: Span<UInt8>, from start: Int, limit: Int,
  atMost count: Int = .max
) -> Int {
  var position = start
  var left = count
  while position < limit, left > 0 {
    let next = characterClass(at: position, in: bytes, limit: limit)
    guard next.kind == kind else { break }
    position += next.length
    left -= 1
  }
  return position
}
