import TestSupport
import Tensors
import Testing

/// Against SciPy in double precision, rounded once to float. Ours run in double on the same inputs,
/// so only that rounding is left between the two.
struct LinearAlgebraGoldenTests {
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

  /// The columns of `vectors`, each with the sign that fits `expected`.
  private func aligned(_ vectors: Tensor<Double>, _ expected: Tensor<Double>) -> Tensor<Double> {
    vectors * sign((vectors * expected).sum(squeezingAxes: [0]))
  }

  @Test("Singular value decompositions equal SciPy's")
  func goldenSVD() throws {
    for name in cases("svd_") {
      let a = try tensor("a", name)
      let svd = try svd(a)
      // Relative to the largest value, which is all that a computed singular value promises.
      let s = try tensor("s", name)
      let scale = s.elementCount == 0 ? 1 : max(s.maximum(), 1e-300)
      #expect(maxDifference(svd.singularValues, s) <= rounding * scale, "\(name)")
      #expect(maxDifference(try singularValues(a), s) <= rounding * scale, "\(name)")
      guard fixture.hasTensor("u", of: name) else { continue }
      let u = try tensor("u", name)
      let vt = try tensor("vt", name)
      #expect(relativeError(aligned(svd.u, u), u) < rounding, "\(name)")
      #expect(
        relativeError(aligned(svd.vt.transposed(), vt.transposed()), vt.transposed()) < rounding,
        "\(name)")
    }
  }

  @Test("QR factorisations equal SciPy's")
  func goldenQR() throws {
    for name in cases("qr_") {
      let factors = try qr(tensor("a", name))
      let q = try tensor("q", name)
      let r = try tensor("r", name)
      #expect(relativeError(aligned(factors.q, q), q) < rounding, "\(name)")
      let rows = aligned(factors.r.transposed(), r.transposed()).transposed()
      #expect(relativeError(rows, r) < rounding, "\(name)")
    }
  }

  @Test("Cholesky factors equal SciPy's")
  func goldenCholesky() throws {
    for name in cases("cholesky_") {
      let a = try tensor("a", name)
      if fixture.parameter("fails", of: name) != nil {
        #expect(throws: LinearAlgebraError.self, "\(name)") { try cholesky(a) }
      } else {
        #expect(relativeError(try cholesky(a).l, try tensor("lower", name)) < rounding, "\(name)")
      }
    }
  }

  @Test("Symmetric eigenvalues and eigenvectors equal SciPy's")
  func goldenEigenvectors() throws {
    for name in cases("eigh_") {
      let a = try tensor("a", name)
      let values = try tensor("values", name)
      let vectors = try tensor("vectors", name)
      let n = a.shape[0]
      for count in Set([n, (n + 1) / 2]) {
        let eigen = try count == n ? symmetricEigen(a) : symmetricEigen(a, largest: count)
        let top = vectors.sliced(n - count..<n, alongAxis: 1)
        #expect(relativeError(eigen.values, values.sliced(n - count..<n)) < rounding, "\(name)")
        #expect(relativeError(aligned(eigen.vectors, top), top) < rounding, "\(name)")
      }
    }
  }

  @Test("Triangular solutions equal SciPy's")
  func goldenTriangularSolve() throws {
    for name in cases("triangular_") {
      let x = try triangularSolve(
        name.contains("lower") ? .lower : .upper, tensor("a", name), tensor("b", name),
        transposed: name.contains("transposed"))
      #expect(relativeError(x, try tensor("x", name)) < rounding, "\(name)")
    }
  }

  @Test("Least squares solutions equal SciPy's")
  func goldenLeastSquares() throws {
    for name in cases("lstsq_") {
      let x = try leastSquares(tensor("a", name), tensor("b", name))
      #expect(relativeError(x, try tensor("x", name)) < rounding, "\(name)")
    }
    for name in cases("pinv_") {
      let a = try tensor("a", name)
      let x = try leastSquares(a, .identity(a.shape[0]))
      #expect(relativeError(x, try tensor("result", name)) < rounding, "\(name)")
    }
  }
}
