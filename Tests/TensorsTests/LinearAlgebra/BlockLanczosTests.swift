import Synchronization
import Testing

@testable import Tensors

struct BlockLanczosTests {
  /// A matrix with singular values i^-power and random singular vectors.
  private func powerLaw<Scalar: RealScalar>(
    _ m: Int, _ n: Int, _ power: Double, _ source: inout RandomSource, as type: Scalar.Type
  ) throws -> Tensor<Scalar> {
    let k = min(m, n)
    let u = try qr(Tensor<Double>.normal([m, k], using: &source)).q
    let v = try qr(Tensor<Double>.normal([n, k], using: &source)).q
    let values = pow(Tensor((1...k).map(Double.init)), Tensor(-power))
    return matmul(u * values, v.transposed()).converted(to: type)
  }

  @Test("The basis is orthonormal and spans the Krylov space")
  func krylovSpace() throws {
    var source = RandomSource(seed: 1)
    let a = try powerLaw(60, 90, 1, &source, as: Double.self)
    for (count, width) in [(24, 6), (23, 6), (5, 9), (60, 7)] {
      var (one, other) = (source, source)
      let lanczos = try LanczosBasis(
        of: DenseOperator(a), count: count, width: width, scale: 0.5, &one)
      #expect(orthogonalityRatio(lanczos.basis) < lapackThreshold)
      let images = matmul(a.transposed(), lanczos.basis) * 0.5
      #expect(residualRatio(lanczos.images, images) < lapackThreshold)
      // The powers of A Aᵀ times the sample lie in the space, the last as far as it goes.
      var block = DenseOperator(a).sample(min(width, count), of: .left, using: &other)
      for _ in 0..<(count / width) {
        let rest = block - matmul(lanczos.basis, matmul(lanczos.basis.transposed(), block))
        #expect(rest.norm() < 1e-9 * block.norm())
        block = matmul(a, matmul(a.transposed(), block))
      }
    }
  }

  @Test("The basis is orthonormal beyond the rank of the operator", arguments: [1, 9, 30])
  func lowRank(_ rank: Int) throws {
    var source = RandomSource(seed: 5)
    let left = Tensor<Float>.normal([80, rank], using: &source)
    let a = matmul(left, Tensor<Float>.normal([rank, 120], using: &source))
    let lanczos = try LanczosBasis(of: DenseOperator(a), count: 48, width: 8, scale: 1, &source)
    #expect(orthogonalityRatio(lanczos.basis) < lapackThreshold)
    // The range of the operator is in the space.
    let rest = a - matmul(lanczos.basis, matmul(lanczos.basis.transposed(), a))
    #expect(rest.norm() < 1e-4 * a.norm())
  }

  /// Compares, where values decay slowly, the energy of the left vectors, of the right ones and of
  /// the product of both with LAPACK's decomposition of the whole matrix.
  @Test(
    "Where values decay slowly, block Lanczos keeps the energy of the best vectors",
    arguments: [0.3, 0.5, 0.7])
  func slowDecay(_ power: Double) throws {
    var source = RandomSource(seed: 2)
    for (m, n, rank) in [(300, 700, 60), (700, 300, 20), (256, 256, 64)] {
      let a = try powerLaw(m, n, power, &source, as: Float.self)
      let full = try SVD(of: a)
      let best = full.singularValues.sliced(0..<rank).sumOfSquares()
      let t = try truncatedSVD(
        of: DenseOperator(a), rank: rank, method: .blockLanczos(), using: &source)
      #expect(matmul(t.u.transposed(), a).sumOfSquares() > 0.985 * best)
      #expect(matmul(a, t.vt.transposed()).sumOfSquares() > 0.985 * best)
      let all = a.sumOfSquares()
      #expect((a - t.reconstructed()).sumOfSquares() < all - 0.985 * best)
      #expect(orthogonalityRatio(t.u) < lapackThreshold)
      #expect(orthogonalityRatio(t.vt.transposed()) < lapackThreshold)
      // No Ritz value exceeds the singular value it approximates, and the first are exact.
      for (found, value) in zip(t.singularValues.scalars, full.singularValues.scalars) {
        #expect(found < value * 1.0001)
      }
      #expect(t.singularValues[0] > 0.9999 * full.singularValues[0])
    }
  }

  /// Fewer products than power iterations, which keep less.
  @Test("Block Lanczos keeps more with fewer products than power iterations")
  func fewerProducts() throws {
    var source = RandomSource(seed: 3)
    let a = CountingOperator(try powerLaw(300, 700, 0.3, &source, as: Float.self))
    func run(_ method: TruncationMethod) throws -> (kept: Double, products: Int) {
      a.products.store(0, ordering: .relaxed)
      let found = try leadingSingularVectors(of: a, rank: 40, method: method, using: &source)
      let kept = matmul(found.vectors.transposed(), a.matrix).sumOfSquares()
      return (kept, a.products.load(ordering: .relaxed))
    }
    let lanczos = try run(.blockLanczos())
    let power = try run(.randomized(oversampling: 8, powerIterations: 2))
    #expect(lanczos.kept > power.kept && lanczos.products < power.products)
  }

  @Test("The automatic method takes block Lanczos only where values decay slowly")
  func automaticChoice() throws {
    var source = RandomSource(seed: 4)
    let (rank, automatic) = (100, TruncationMethod.automatic)
    for power in [0.0, 0.3, 0.5, 0.7, 1] {
      let a = DenseOperator(try powerLaw(400, 1000, power, &source, as: Float.self))
      guard case .lanczos(208, 26)? = automatic.routeForSlowDecay(for: a, rank: rank, .vectors)
      else {
        Issue.record("not the cheapest for slow decay")
        return
      }
      guard case .products(let count, let steps) = automatic.route(for: a, rank: rank, .vectors)
      else {
        Issue.record("not the cheapest")
        return
      }
      let found = try GramSpace(a).leading(
        rank, of: count, steps: steps, .vectors, knowing: DecayTest(a), &source)
      #expect((found == nil) == (power < 0.6), "\(power)")
      let best = try singularValues(a.matrix).sliced(0..<rank).sumOfSquares()
      let vectors = try leadingSingularVectors(of: a, rank: rank, using: &source).vectors
      #expect(matmul(vectors.transposed(), a.matrix).sumOfSquares() > 0.98 * best)
    }
    // With half of all vectors asked for, the Gram matrix is cheaper.
    let square = DenseOperator(Tensor<Float>.ones([512, 512]))
    #expect(automatic.routeForSlowDecay(for: square, rank: 256, .vectors) == .gram)
    #expect(TruncationMethod.randomized().routeForSlowDecay(for: square, rank: 8, .vectors) == nil)
  }
}

/// A matrix that counts the vectors it was multiplied with.
private final class CountingOperator: LinearOperator {
  let matrix: Tensor<Float>
  let products = Atomic<Int>(0)

  init(_ matrix: Tensor<Float>) { self.matrix = matrix }

  var rows: Int { matrix.shape[0] }
  var columns: Int { matrix.shape[1] }
  func apply(_ block: Tensor<Float>) -> Tensor<Float> {
    products.add(block.shape[1], ordering: .relaxed)
    return matmul(matrix, block)
  }
  func applyTransposed(_ block: Tensor<Float>) -> Tensor<Float> {
    products.add(block.shape[1], ordering: .relaxed)
    return matmul(matrix.transposed(), block)
  }
}
