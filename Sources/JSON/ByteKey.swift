/// A string as a key that is compared by its bytes. Swift's own comparison takes "é" written as one and as two
/// scalars for equal, which formats that compare bytes tell apart.
package struct ByteKey: Sendable, Hashable {
  /// The string.
  package let string: String

  /// The key of a string.
  package init(_ string: String) { self.string = string }

  package static func == (a: Self, b: Self) -> Bool { a.string.utf8.elementsEqual(b.string.utf8) }

  package func hash(into hasher: inout Hasher) {
    var string = string
    string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
