import Testing

@testable import Tensors

/// The range of a product of factors with no more tokens than directions asked for.
@Suite struct ProductRangeTests {
  private let rank = 128

  private func subspace(_ near: Tensor<Float>, _ far: Tensor<Float>) throws
    -> SingularSubspace<Float>
  {
    var source = RandomSource(seed: 5)
    return try leadingSubspace(
      of: FactoredOperator(near, far), rank: rank, side: .left, using: &source)
  }

  /// The largest distance of BᵀB from the identity.
  private func departure(_ basis: Tensor<Float>) -> Float {
    abs(matmul(basis.transposed(), basis) - .identity(basis.shape[1])).maximum()
  }

  /// The part of the matrix outside the first `count` columns, as a share of its norm.
  private func outside(_ matrix: Tensor<Float>, _ basis: Tensor<Float>, _ count: Int) -> Double {
    let kept = basis.sliced(0..<count, alongAxis: 1)
    return (matrix - matmul(kept, matmul(kept.transposed(), matrix))).norm() / matrix.norm()
  }

  @Test(
    "Few tokens span the gradient",
    arguments: [(96, 160, 300), (128, 300, 160), (1, 160, 160), (100, 700, 700)])
  func fewTokens(_ tokens: Int, _ rows: Int, _ columns: Int) throws {
    var source = RandomSource(seed: 1)
    let near = Tensor<Float>.normal([tokens, rows], using: &source)
    let far = Tensor<Float>.normal([tokens, columns], using: &source)
    let found = try subspace(near, far)
    #expect(found.basis.shape == [rows, rank])
    #expect(found.effectiveRank == tokens)
    #expect(departure(found.basis) < 1e-5)
    #expect(outside(matmul(near.transposed(), far), found.basis, tokens) < 1e-5)
  }

  @Test("Gradients of any size count alike")
  func gradientSizes() throws {
    // Lengths from 1 to 1e-9, as of tokens that are predicted badly and almost perfectly.
    var source = RandomSource(seed: 2)
    let near = Tensor<Float>.normal([64, 200], using: &source)
    let lengths = Tensor((0..<64).map { Float(sign: .plus, exponent: -$0 / 2, significand: 1) })
    let far = Tensor<Float>.normal([64, 200], using: &source) * lengths.reshaped(to: [64, 1])
    let found = try subspace(near, far)
    #expect(found.effectiveRank == 64)
    #expect(outside(near.transposed(), found.basis, 64) < 1e-5)
  }

  @Test("Repeated tokens count once")
  func repeatedTokens() throws {
    var source = RandomSource(seed: 3)
    let words = Tensor<Float>.normal([40, 200], using: &source)
    let near = words.gatheringRows(at: Tensor((0..<120).map { Int32($0 * 7 % 40) }))
    let far = Tensor<Float>.normal([120, 300], using: &source)
    let found = try subspace(near, far)
    #expect(found.effectiveRank == 40)
    #expect(departure(found.basis) < 1e-5)
    #expect(outside(words.transposed(), found.basis, 40) < 1e-5)
  }

  @Test("Tokens without a gradient do not count")
  func zeroGradients() throws {
    var source = RandomSource(seed: 4)
    let near = Tensor<Float>.normal([100, 200], using: &source)
    let kept = Tensor((0..<100).map { Float($0 % 4 == 0 ? 1 : 0) }).reshaped(to: [100, 1])
    let far = Tensor<Float>.normal([100, 300], using: &source) * kept
    let found = try subspace(near, far)
    #expect(found.effectiveRank == 25)
    #expect(departure(found.basis) < 1e-5)
    let gradient = matmul(near.transposed(), far)
    #expect(outside(gradient, found.basis, 25) < 1e-5)
  }

  @Test("Dependent gradients span a range of their own rank")
  func dependentGradients() throws {
    // D of rank 30: range(XᵀD) has 30 dimensions though the rows of X have 90.
    var source = RandomSource(seed: 6)
    let near = Tensor<Float>.normal([90, 250], using: &source)
    let far = matmul(
      Tensor<Float>.normal([90, 30], using: &source),
      Tensor<Float>.normal([30, 250], using: &source))
    let found = try subspace(near, far)
    #expect(found.effectiveRank == 30)
    #expect(outside(matmul(near.transposed(), far), found.basis, 30) < 1e-4)
  }

  @Test("More tokens than directions are spanned if their rank is low")
  func manyTokens() throws {
    var source = RandomSource(seed: 7)
    let words = Tensor<Float>.normal([60, 400], using: &source)
    let near = words.gatheringRows(at: Tensor((0..<200).map { Int32($0 * 7 % 60) }))
    let far = Tensor<Float>.normal([200, 600], using: &source)
    let found = try subspace(near, far)
    #expect(found.effectiveRank == 60)
    #expect(outside(words.transposed(), found.basis, 60) < 1e-5)
  }

  @Test("Factors that are zero or not finite throw")
  func invalidFactors() {
    let near = Tensor<Float>(repeating: 1, shape: [10, 200])
    #expect(throws: LinearAlgebraError.self) { try subspace(near, .zeros([10, 300])) }
    var bad = Tensor<Float>(repeating: 1, shape: [10, 300])
    bad[3, 7] = .nan
    #expect(throws: LinearAlgebraError.self) { try subspace(near, bad) }
  }
}
