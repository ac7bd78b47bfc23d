import TestSupport
import Testing

@testable import Tensors

@Suite struct SpanningRowsTests {
  /// Columns so close in direction that a Gram matrix in float resolves only a few of them, and two
  /// that the others span.
  @Test("An orthonormal basis spans columns that nearly depend on each other")
  func nearDependence() throws {
    var source = RandomSource(seed: 3)
    let (m, n) = (200, 60)
    let u = try qr(Tensor<Float>.normal([m, n], using: &source)).q
    let mixing = try qr(Tensor<Float>.normal([n, n], using: &source)).q
    // Singular values from 1 to 1e-5.
    let values = exp(Tensor<Float>((0..<n).map { Float(-11.5) * Float($0) / Float(n - 1) }))
    let y = matmul(u * values, mixing.transposed())
    let sum = y.sliced(0..<1, alongAxis: 1) + y.sliced(1..<2, alongAxis: 1)
    let all = Tensor.concatenated([y, sum, sum * -2], alongAxis: 1)
    let basis = try orthonormalBasis(of: all, &source)
    #expect(basis.shape == [m, n + 2])
    #expect(orthogonalityRatio(basis) < lapackThreshold)
    let left = all - matmul(basis, matmul(basis.transposed(), all))
    #expect(left.norm() < 1e-5 * all.norm())
    // Each direction of u, of which y has 1e-5 at least: rounding is 6e-8 of the largest.
    let missed = u - matmul(basis, matmul(basis.transposed(), u))
    #expect(missed.norm() < 0.1)
  }

  @Test("Non-finite elements are an error")
  func nonFinite() throws {
    var source = RandomSource(seed: 4)
    #expect(throws: LinearAlgebraError.self) {
      _ = try orthonormalBasis(of: Tensor<Float>.zeros([5, 3]) / 0, &source)
    }
  }
}
