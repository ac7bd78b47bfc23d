import TestSupport
import Tensors
import Testing

/// Against NumPy and SciPy in double precision, rounded once to float. Ours run in double on the
/// same inputs, so only that rounding is left between the two.
struct GeneralMatrixGoldenTests {
  private let fixture: Fixture
  private let rounding = Double(Float.ulpOfOne)

  init() throws { fixture = try Fixture("linear_algebra") }

  private func cases(_ prefix: String) -> [String] {
    let found = fixture.cases.filter { $0.hasPrefix(prefix) }
    #expect(!found.isEmpty, "no golden case \(prefix)")
    return found
  }

  private func tensor(_ name: String, _ testCase: String) throws -> Tensor<Double> {
    try fixture.tensor(name, of: testCase, as: Float.self).converted(to: Double.self)
  }

  @Test("Solutions, inverses and determinants equal NumPy's")
  func goldenSolutions() throws {
    for name in cases("general_") {
      let a = try tensor("a", name)
      let x = try solve(a, tensor("b", name))
      #expect(relativeError(x, try tensor("x", name)) < rounding, "\(name)")
      #expect(relativeError(try inverse(a), try tensor("inverse", name)) < rounding, "\(name)")
      let d = Tensor([try determinant(a)])
      #expect(relativeError(d, try tensor("determinant", name)) < rounding, "\(name)")
      let c = Tensor([try conditionNumber(a)])
      #expect(relativeError(c, try tensor("condition", name)) < rounding, "\(name)")
    }
  }

  @Test("Eigenvalues equal NumPy's")
  func goldenEigenvalues() throws {
    for name in cases("general_") {
      let values = try eigenvalues(tensor("a", name))
      let (real, imaginary) = (try tensor("real", name), try tensor("imaginary", name))
      let scale = rounding * (real.norm() + imaginary.norm())
      #expect(maxDifference(values.real.sorted(), real) < scale, "\(name)")
      #expect(maxDifference(values.imaginary.sorted(), imaginary) < scale, "\(name)")
    }
  }

  @Test("Triangles and row order equal SciPy's")
  func goldenTriangles() throws {
    for name in cases("lu_") {
      let factors = try lu(tensor("a", name))
      #expect(relativeError(factors.l, try tensor("l", name)) < rounding, "\(name)")
      #expect(relativeError(factors.u, try tensor("u", name)) < rounding, "\(name)")
      let order = try fixture.tensor("order", of: name, as: Int32.self)
      #expect(factors.rowOrder == order, "\(name)")
    }
  }

  @Test("Norms and ranks equal NumPy's")
  func goldenNorms() throws {
    for name in cases("measures_") {
      let a = try tensor("a", name)
      let expected = try tensor("norms", name).scalars
      let kinds: [MatrixNorm] = [.frobenius, .one, .infinity, .spectral, .nuclear]
      for (kind, value) in zip(kinds, expected) {
        let found = try matrixNorm(a, kind)
        // Twice, because NumPy's value was rounded to float.
        #expect(Swift.abs(found - value) <= 2 * rounding * value, "\(name) \(kind)")
      }
      let rank = try fixture.tensor("rank", of: name, as: Int32.self)
      #expect(try matrixRank(a.converted(to: Float.self)) == Int(rank[0]), "\(name)")
    }
  }
}
