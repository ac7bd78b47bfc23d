/// A node of a parsed regular expression.
indirect enum PatternNode {
  case set(ScalarSet)
  case sequence([PatternNode])
  case alternatives([PatternNode])
  /// Repeats from the lower to the upper bound, inclusive; `.max` is unbounded.
  case repetition(PatternNode, Range<Int>, isLazy: Bool)
  case look(PatternNode, isNegative: Bool)
  case atomic(PatternNode)
  case anchor(RegularExpression.Instruction)
}

/// Parses a regular expression in the subset of Oniguruma's syntax that tokenizer files use.
struct PatternParser {
  private typealias Failure = RegularExpression.Failure

  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var depth = 0
  private var ignoresCase = false

  init(_ pattern: String) {
    scalars = Array(pattern.unicodeScalars)
  }

  mutating func parse() throws(RegularExpression.Failure) -> PatternNode {
    let node = try alternatives()
    guard position == scalars.count else { throw failure("')' without '('") }
    return node
  }

  private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    position += 1
    return true
  }

  private mutating func take(_ text: String) -> Bool {
    guard scalars[position...].starts(with: text.unicodeScalars) else { return false }
    position += text.unicodeScalars.count
    return true
  }

  private func failure(_ message: String) -> RegularExpression.Failure {
    Failure(message: "\(message) at character \(position)")
  }

  private mutating func alternatives() throws(RegularExpression.Failure) -> PatternNode {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 64 else { throw failure("groups nested deeper than 64") }
    let outer = ignoresCase
    var nodes = [try sequence()]
    while take("|") { nodes.append(try sequence()) }
    ignoresCase = outer
    return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
  }

  private mutating func sequence() throws(RegularExpression.Failure) -> PatternNode {
    var nodes: [PatternNode] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      nodes.append(try repeated(try atom()))
    }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  private mutating func repeated(
    _ atom: PatternNode
  ) throws(RegularExpression.Failure) -> PatternNode {
    var node = atom
    while let scalar = next {
      var bounds: (Int, Int)
      var isInterval = false
      switch scalar {
      case "*": bounds = (0, .max)
      case "+": bounds = (1, .max)
      case "?": bounds = (0, 1)
      case "{":
        guard let interval = try interval() else { return node }
        bounds = interval
        isInterval = true
      default: return node
      }
      if case .anchor = node { throw failure("a repeated anchor") }
      if case .look = node { throw failure("a repeated look-ahead") }
      if !isInterval { position += 1 }
      let isLazy = take("?")
      node = .repetition(node, bounds.0..<bounds.1, isLazy: isLazy)
      // A plus after an interval repeats it; after the other quantifiers it makes them possessive.
      if !isLazy, !isInterval, take("+") { node = .atomic(node) }
    }
    return node
  }

  /// Parses `{2}`, `{2,}`, `{,3}` or `{2,3}`; other braces are text.
  private mutating func interval() throws(RegularExpression.Failure) -> (Int, Int)? {
    let start = position
    position += 1
    let low = number()
    var high = low
    if take(",") { high = number() ?? (low == nil ? nil : .max) }
    guard take("}"), low != nil || high != nil else {
      position = start
      return nil
    }
    let bounds = (low ?? 0, high ?? .max)
    guard bounds.0 <= bounds.1, bounds.0 <= 1000, bounds.1 == .max || bounds.1 <= 1000 else {
      throw failure("a repetition that is empty or goes beyond 1000")
    }
    return bounds
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let digit = next, ("0"..."9").contains(digit), (value ?? 0) < 100_000 {
      value = 10 * (value ?? 0) + Int(digit.value - 0x30)
      position += 1
    }
    return value
  }

  private mutating func atom() throws(RegularExpression.Failure) -> PatternNode {
    let scalar = scalars[position]
    switch scalar {
    case "(": return try group()
    case "[":
      position += 1
      return .set(try bracket())
    case "*", "+", "?": throw failure("'\(scalar)' with nothing to repeat")
    case "^":
      position += 1
      return .anchor(.lineStart)
    case "$":
      position += 1
      return .anchor(.lineEnd)
    case ".":
      position += 1
      return .set(ScalarSet(items: [.range(0x0A...0x0A)], isNegated: true))
    case "\\":
      position += 1
      switch next {
      case "A":
        position += 1
        return .anchor(.textStart)
      case "z", "Z":
        position += 1
        return .anchor(.textEnd)
      case "b", "B":
        defer { position += 1 }
        return .anchor(.wordBoundary(isNegated: next == "B"))
      default:
        return .set(ScalarSet(items: [try escape()], ignoresCase: ignoresCase))
      }
    default:
      position += 1
      return .set(
        ScalarSet(items: [.range(scalar.value...scalar.value)], ignoresCase: ignoresCase))
    }
  }

  private mutating func group() throws(RegularExpression.Failure) -> PatternNode {
    position += 1
    let outer = ignoresCase
    var wrap: (PatternNode) -> PatternNode = { $0 }
    if take("?") {
      if take("=") {
        wrap = { .look($0, isNegative: false) }
      } else if take("!") {
        wrap = { .look($0, isNegative: true) }
      } else if take(">") {
        wrap = { .atomic($0) }
      } else if take("i:") {
        ignoresCase = true
      } else if take("i)") {
        // Applies to the end of the enclosing group.
        ignoresCase = true
        return .sequence([])
      } else if !take(":") {
        throw failure("a kind of group that is not supported")
      }
    }
    let node = try alternatives()
    guard take(")") else { throw failure("'(' without ')'") }
    ignoresCase = outer
    return wrap(node)
  }

  private mutating func bracket() throws(RegularExpression.Failure) -> ScalarSet {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 64 else { throw failure("classes nested deeper than 64") }
    var set = ScalarSet(ignoresCase: ignoresCase)
    set.isNegated = take("^")
    var isFirst = true
    while let scalar = next, scalar != "]" || isFirst {
      isFirst = false
      if take("&&") { throw failure("an intersection of classes, which is not supported,") }
      if take("[:") { throw failure("a POSIX class, which is not supported,") }
      position += 1
      let item: ScalarSet.Item =
        switch scalar {
        case "[": .set(try bracket())
        case "\\": try escape()
        default: .range(scalar.value...scalar.value)
        }
      guard case .range(let low) = item, next == "-", position + 1 < scalars.count,
        scalars[position + 1] != "]"
      else {
        set.items.append(item)
        continue
      }
      position += 1
      let end = scalars[position]
      position += 1
      guard case .range(let high) = end == "\\" ? try escape() : .range(end.value...end.value),
        low.lowerBound <= high.upperBound
      else { throw failure("a range of a class that is empty") }
      set.items.append(.range(low.lowerBound...high.upperBound))
    }
    guard take("]") else { throw failure("'[' without ']'") }
    return set
  }

  /// Parses the escape after a backslash.
  private mutating func escape() throws(RegularExpression.Failure) -> ScalarSet.Item {
    guard let scalar = next else { throw failure("a backslash at the end") }
    position += 1
    func one(_ value: UInt32) -> ScalarSet.Item { .range(value...value) }
    switch scalar {
    case "s": return .traits(.whiteSpace, isNegated: false)
    case "S": return .traits(.whiteSpace, isNegated: true)
    case "d": return .traits(.decimalNumber, isNegated: false)
    case "D": return .traits(.decimalNumber, isNegated: true)
    case "w": return .set(.word)
    case "W":
      var set = ScalarSet.word
      set.isNegated = true
      return .set(set)
    case "p", "P": return try property(isNegated: scalar == "P")
    case "n": return one(0x0A)
    case "r": return one(0x0D)
    case "t": return one(0x09)
    case "f": return one(0x0C)
    case "v": return one(0x0B)
    case "u": return one(try hexadecimal(count: 4))
    case "x":
      guard take("{") else { return one(try hexadecimal(count: 2)) }
      let value = try hexadecimal(count: nil)
      guard take("}") else { throw failure("'{' without '}'") }
      return one(value)
    default:
      guard !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) else {
        throw failure("the escape '\\\(scalar)', which is not supported,")
      }
      return one(scalar.value)
    }
  }

  private mutating func property(
    isNegated: Bool
  ) throws(RegularExpression.Failure) -> ScalarSet.Item {
    var name = ""
    if take("{") {
      while let scalar = next, scalar != "}" {
        name.unicodeScalars.append(scalar)
        position += 1
      }
      guard take("}") else { throw failure("'{' without '}'") }
    } else if let scalar = next {
      name.unicodeScalars.append(scalar)
      position += 1
    }
    var isNegated = isNegated
    if name.hasPrefix("^") {
      isNegated.toggle()
      name.removeFirst()
    }
    guard let traits = ScalarTraits(propertyNamed: name) else {
      throw failure("the property '\(name)', which is not supported,")
    }
    return .traits(traits, isNegated: isNegated)
  }

  private mutating func hexadecimal(count: Int?) throws(RegularExpression.Failure) -> UInt32 {
    var value: UInt32 = 0
    var digits = 0
    while digits < count ?? 8, let scalar = next,
      let digit = Character(scalar).hexDigitValue, scalar.isASCII
    {
      value = value << 4 | UInt32(digit)
      digits += 1
      position += 1
    }
    guard digits == count || count == nil && digits > 0 else {
      throw failure("too few hexadecimal digits")
    }
    return value
  }
}
