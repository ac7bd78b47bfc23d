import Tensors

/// A small array stored naively, as sizes and row-major values, to compare tensors with.
struct Reference: CustomStringConvertible {
  let shape: [Int]
  var values: [Float]

  /// Values that differ from element to element and are exact in every operation tested.
  init(_ shape: [Int], first: Float = 1, step: Float = 1) {
    self.shape = shape
    values = (0..<shape.reduce(1, *)).map { first + step * Float($0) }
  }

  /// The array with `value(index)` at each index.
  init(_ shape: [Int], _ value: ([Int]) -> Float) {
    self.shape = shape
    values = Self.indices(shape).map(value)
  }

  var description: String { "\(shape)" }

  /// Every index of a shape, in row-major order.
  static func indices(_ shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { prefixes, size in
      prefixes.flatMap { prefix in (0..<size).map { prefix + [$0] } }
    }
  }

  subscript(_ index: [Int]) -> Float {
    values[zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }]
  }

  /// The element at an index of a shape that this one is broadcast to.
  func broadcast(_ index: [Int]) -> Float {
    self[zip(index.suffix(shape.count), shape).map { $1 == 1 ? 0 : $0 }]
  }

  func matches(_ tensor: Tensor<Float>) -> Bool {
    tensor.shape.dimensions == shape && tensor.scalars == values
  }

  /// NumPy's rule, from its documentation: nil if the shapes do not fit.
  static func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    let x = Array(repeating: 1, count: rank - a.count) + a
    let y = Array(repeating: 1, count: rank - b.count) + b
    guard zip(x, y).allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 }) else { return nil }
    return zip(x, y).map { $0 == 1 ? $1 : $0 }
  }
}

/// How the elements of a tensor are laid out in memory.
enum Layout: CaseIterable {
  case dense, transposed, sliced

  /// A tensor of this layout equal to `reference`.
  func tensor(_ reference: Reference) -> Tensor<Float> {
    let shape = reference.shape
    switch self {
    case .dense:
      return Tensor(reference.values, shape: Shape(shape))
    case .transposed:
      let reversed = Reference(shape.reversed()) { reference[$0.reversed()] }
      return Tensor(reversed.values, shape: Shape(reversed.shape))
        .transposed((0..<shape.count).reversed())
    case .sliced:
      // Surrounded by NaN, which a read outside the view would spread.
      let padded = Reference(shape.map { $0 + 2 }) { index in
        zip(index, shape).allSatisfy { $0 >= 1 && $0 <= $1 }
          ? reference[index.map { $0 - 1 }] : .nan
      }
      var result = Tensor(padded.values, shape: Shape(padded.shape))
      for axis in shape.indices { result = result.sliced(1..<shape[axis] + 1, alongAxis: axis) }
      return result
    }
  }
}

/// Every shape up to a rank with sizes 0 to `largest`.
func everyShape(upToRank rank: Int, largest: Int = 3) -> [[Int]] {
  var all: [[Int]] = [[]]
  var last: [[Int]] = [[]]
  for _ in 0..<rank {
    last = last.flatMap { shape in (0...largest).map { shape + [$0] } }
    all += last
  }
  return all
}

/// Calls `body` with every shape up to rank 4 in every layout.
func everyTensor(
  upToRank rank: Int = 4, _ body: (Reference, Tensor<Float>, String) throws -> Void
) rethrows {
  for shape in everyShape(upToRank: rank) {
    let reference = Reference(shape)
    for layout in Layout.allCases {
      try body(reference, layout.tensor(reference), "\(layout) \(shape)")
    }
  }
}
