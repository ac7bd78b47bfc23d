/// A trie of byte strings with values, to find all strings at a position of a text.
struct ByteTrie: Sendable {
  /// The children of each node by byte; the first node is the root.
  private var children = PairTable()
  private var values: [Int32] = [-1]
  /// Whether any string begins with each byte, which excludes most positions at once.
  private var begins = [Bool](repeating: false, count: 256)

  var isEmpty: Bool { values.count == 1 }

  /// Adds a non-empty string; of two equal ones the later value applies.
  mutating func insert(_ string: some Collection<UInt8>, value: Int32) {
    guard let first = string.first else { return }
    begins[Int(first)] = true
    var node: Int32 = 0
    for byte in string {
      var child = children[node, Int32(byte)]
      if child < 0 {
        child = Int32(values.count)
        children[node, Int32(byte)] = child
        values.append(-1)
      }
      node = child
    }
    values[Int(node)] = value
  }

  /// Whether a string of the trie may begin with `byte`.
  @inline(__always)
  func mayBegin(with byte: UInt8) -> Bool { begins[Int(byte)] }

  /// Calls `body` with the end and the value of every string at `position`, shortest first.
  @inline(__always)
  func forEachMatch(
    in bytes: Span<UInt8>, at position: Int, limit: Int, _ body: (Int, Int32) -> Void
  ) {
    guard position < limit, begins[Int(bytes[position])] else { return }
    var node: Int32 = 0
    var end = position
    while end < limit {
      node = children[node, Int32(bytes[end])]
      if node < 0 { return }
      end += 1
      let value = values[Int(node)]
      if value >= 0 { body(end, value) }
    }
  }

  /// The longest string at `position`.
  func longestMatch(
    in bytes: Span<UInt8>, at position: Int, limit: Int
  ) -> (end: Int, value: Int32)? {
    var longest: (Int, Int32)?
    forEachMatch(in: bytes, at: position, limit: limit) { longest = ($0, $1) }
    return longest
  }
}
