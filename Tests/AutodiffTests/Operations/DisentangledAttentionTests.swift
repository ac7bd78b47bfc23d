import Autodiff
import Tensors
import Testing

@Suite struct DisentangledAttentionTests {
  /// Batch, tokens, heads, head size.
  static let sizes: [[Int]] = [[1, 1, 1, 2], [2, 4, 2, 3], [1, 5, 3, 2]]

  private static func places(_ tokens: Int) -> RelativePlaces {
    // Far tokens share a row.
    RelativePlaces(tokens: tokens, rowCount: 5) { max(-2, min(2, $0)) + 2 }
  }

  @Test("disentangledAttention has the gradients of central differences", arguments: sizes)
  func gradients(_ size: [Int]) {
    let shape = Shape(size)
    let table: Shape = [5, size[2], size[3]]
    let places = Self.places(size[1])
    // The second sequence has a hole and a padded end.
    let marks = (0..<size[0] * size[1]).map { UInt8($0 == size[1] + 1 || $0 == 7 ? 0 : 1) }
    for visible in [nil, Tensor(marks, shape: [size[0], size[1]])] {
      expectGradients([shape, shape, shape, table, table]) {
        disentangledAttention(
          queries: $0[0], keys: $0[1], values: $0[2], positionKeys: $0[3], positionQueries: $0[4],
          places: places, visible: visible, scale: 0.4)
      }
    }
    expectGradients([shape, shape, shape, table]) {
      disentangledAttention(
        queries: $0[0], keys: $0[1], values: $0[2], positionKeys: nil, positionQueries: $0[3],
        places: places, scale: 0.7)
    }
  }

  @Test("The scores are sums of three products, by their definition")
  func definition() {
    let (tokens, size) = (6, 3)
    let places = Self.places(tokens)
    let q = normal([1, tokens, 1, size], seed: 1)
    let k = normal([1, tokens, 1, size], seed: 2)
    let v = normal([1, tokens, 1, size], seed: 3)
    let a = normal([5, 1, size], seed: 4)
    let b = normal([5, 1, size], seed: 5)
    let visible = Tensor<UInt8>([1, 0, 1, 1, 1, 0], shape: [1, tokens])
    let actual = disentangledAttention(
      queries: Variable(q), keys: Variable(k), values: Variable(v), positionKeys: Variable(a),
      positionQueries: Variable(b), places: places, visible: visible, scale: 0.5)
    func dot(_ x: Tensor<Float>, _ i: Int, _ y: Tensor<Float>, _ j: Int) -> Float {
      (0..<size).reduce(0) { $0 + x.scalars[i * size + $1] * y.scalars[j * size + $1] }
    }
    let scores = (0..<tokens).flatMap { i in
      (0..<tokens).map { j -> Float in
        let row = max(-2, min(2, i - j)) + 2
        return visible.scalars[j] == 0
          ? -.infinity : (dot(q, i, k, j) + dot(q, i, a, row) + dot(k, j, b, row)) / 2
      }
    }
    let expected = matmul(
      softmax(Tensor(scores, shape: [tokens, tokens])), v.reshaped(to: [tokens, size]))
    let difference = actual.tensor.reshaped(to: [tokens, size]) - expected
    #expect(difference.norm() <= 1e-6 * expected.norm())
  }
}
