/// A regular expression over the scalars of a text, as tokenizer files write them: alternatives,
/// groups, classes with properties, greedy, lazy and possessive repetition, look-ahead, and the
/// anchors. What it does not know (captures by number, look-behind, script properties) is an error
/// when the expression is read.
///
/// The pattern becomes a small program, which a backtracking machine runs; see
/// `RegularExpression+Matching.swift`.
package struct RegularExpression: Equatable, Sendable {
  enum Instruction: Equatable, Sendable {
    case set(Int)
    /// Goes on at the first place, and at the second where that fails.
    case split(Int, Int)
    case jump(Int)
    /// What follows up to `end` must match here, or must not; nothing is consumed.
    case look(end: Int, isNegative: Bool)
    /// What follows up to `end` matches as it matches first, without second thoughts.
    case atomic(end: Int)
    case textStart
    case textEnd
    case lineStart
    case lineEnd
    case wordBoundary(isNegated: Bool)
    case match
  }

  /// As the file wrote it.
  let pattern: String
  private(set) var program: [Instruction] = []
  private(set) var sets: [ScalarSet] = []

  /// Why a pattern was refused.
  package struct Failure: Error {
    /// A sentence without a subject.
    package let message: String
  }

  /// Reads an expression.
  package init(_ pattern: String) throws(Failure) {
    self.pattern = pattern
    var parser = PatternParser(pattern)
    let tree = try parser.parse()
    try emit(tree)
    program.append(.match)
  }

  private static let longestProgram = 1 << 14

  private mutating func add(_ instruction: Instruction) throws(Failure) {
    guard program.count < Self.longestProgram else {
      throw Failure(message: "the expression is too long once its repetitions are written out")
    }
    program.append(instruction)
  }

  private mutating func emit(_ node: PatternNode) throws(Failure) {
    switch node {
    case .set(let set):
      var index = sets.firstIndex(of: set) ?? sets.count
      if index == sets.count {
        sets.append(set)
        index = sets.count - 1
      }
      try add(.set(index))
    case .sequence(let nodes):
      for node in nodes { try emit(node) }
    case .alternatives(let nodes):
      var jumps: [Int] = []
      for (index, node) in nodes.enumerated() {
        guard index < nodes.count - 1 else {
          try emit(node)
          break
        }
        let split = program.count
        try add(.split(split + 1, 0))
        try emit(node)
        jumps.append(program.count)
        try add(.jump(0))
        program[split] = .split(split + 1, program.count)
      }
      for jump in jumps { program[jump] = .jump(program.count) }
    case .look(let node, let isNegative):
      try emitBlock(node) { .look(end: $0, isNegative: isNegative) }
    case .atomic(let node):
      try emitBlock(node) { .atomic(end: $0) }
    case .anchor(let instruction):
      try add(instruction)
    case .repetition(let node, let range, let isLazy):
      try emitRepetition(of: node, range, isLazy: isLazy)
    }
  }

  private mutating func emitBlock(
    _ node: PatternNode, _ instruction: (Int) -> Instruction
  ) throws(Failure) {
    let place = program.count
    try add(.match)
    try emit(node)
    try add(.match)
    program[place] = instruction(program.count)
  }

  private mutating func emitRepetition(
    of node: PatternNode, _ range: Range<Int>, isLazy: Bool
  ) throws(Failure) {
    for _ in 0..<range.lowerBound { try emit(node) }
    func split(_ inner: Int, _ outer: Int) -> Instruction {
      isLazy ? .split(outer, inner) : .split(inner, outer)
    }
    if range.upperBound == .max {
      let start = program.count
      try add(.match)
      try emit(node)
      try add(.jump(start))
      program[start] = split(start + 1, program.count)
    } else {
      var splits: [Int] = []
      for _ in range.lowerBound..<range.upperBound {
        splits.append(program.count)
        try add(.match)
        try emit(node)
      }
      for place in splits { program[place] = split(place + 1, program.count) }
    }
  }
}
