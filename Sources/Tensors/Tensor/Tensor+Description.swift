extension Tensor: CustomStringConvertible {
  /// Nested brackets as NumPy prints them; long axes show their first and last three elements.
  public var description: String {
    let values = scalars
    let abbreviate = elementCount > 1000
    func text(_ value: Scalar) -> String { "\(value)" }
    func block(_ axis: Int, _ start: Int, _ step: Int) -> String {
      guard axis < rank else { return text(values[start]) }
      let size = shape[axis]
      let inner = size == 0 ? 0 : step / size
      let shown: [Int?] =
        abbreviate && size > 6
        ? [0, 1, 2, nil, size - 3, size - 2, size - 1] : (0..<size).map { $0 }
      let parts = shown.map { $0.map { block(axis + 1, start + $0 * inner, inner) } ?? "..." }
      let gap =
        axis == rank - 1
        ? ", "
        : "," + String(repeating: "\n", count: rank - 1 - axis)
          + String(repeating: " ", count: axis + 1)
      return "[" + parts.joined(separator: gap) + "]"
    }
    return block(0, 0, elementCount)
  }
}
