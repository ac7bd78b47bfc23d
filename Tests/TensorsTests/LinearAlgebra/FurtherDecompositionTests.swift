import Tensors
import Testing

/// Schur, Hessenberg, LDL, generalised eigenvalues, banded systems, functions of matrices and batches.
struct FurtherDecompositionTests {
  private func normal(_ shape: Shape, _ seed: UInt64) -> Tensor<Double> {
    var source = RandomSource(seed: seed)
    return .normal(shape, using: &source)
  }

  private func isOrthogonal(_ q: Tensor<Double>) -> Bool {
    let n = q.shape[0]
    return (matmul(q.transposed(), q) - .identity(n)).norm() < 30 * Double(n) * Double.ulpOfOne
  }

  @Test(
    "Schur and Hessenberg forms are orthogonal images of their shape",
    arguments: [0, 1, 2, 3, 10, 33])
  func orthogonalForms(_ n: Int) throws {
    let a = normal([n, n], 1)
    let tolerance = 30 * Double(max(1, n)) * Double.ulpOfOne * a.norm() + 1e-300
    let schur = try Schur(of: a)
    #expect((matmul(matmul(schur.z, schur.t), schur.z.transposed()) - a).norm() <= tolerance)
    #expect(isOrthogonal(schur.z) || n == 0)
    #expect(schur.t.lowerTriangle(offset: -2).norm() == 0)
    // No two neighbouring blocks overlap.
    for i in 0..<max(0, n - 2) { #expect(schur.t[i + 1, i] == 0 || schur.t[i + 2, i + 1] == 0) }
    #expect(Swift.abs(schur.eigenvalues.real.sum() - a.trace().scalar) <= tolerance * 10)
    let form = try Hessenberg(of: a)
    #expect((matmul(matmul(form.q, form.h), form.q.transposed()) - a).norm() <= tolerance)
    #expect(isOrthogonal(form.q) || n == 0)
    #expect(form.h.lowerTriangle(offset: -2).norm() == 0)
  }

  @Test("LDL factors a symmetric matrix that is not definite", arguments: [0, 1, 2, 5, 24])
  func ldl(_ n: Int) throws {
    let b = normal([n, n], 2)
    var a = b + b.transposed()
    // Zeros on the diagonal need blocks of two rows.
    if n == 5 { a = a - .diagonal(a.diagonal()) }
    let factors = try LDL(of: a)
    let order = factors.rowOrder
    let product = matmul(matmul(factors.l, factors.d), factors.l.transposed())
    #expect((product - a[order, order]).norm() <= 100 * Double.ulpOfOne * (a.norm() + 1e-300))
    #expect(factors.l.diagonal() == .ones([n]))
    #expect(factors.d.lowerTriangle(offset: -2).norm() == 0)
  }

  @Test("Generalised eigenvectors satisfy their equation")
  func generalized() throws {
    let (a, b) = (normal([6, 6], 3), normal([6, 6], 4))
    let eigen = try GeneralizedEigen(of: a, b)
    let left = matmul(ComplexTensor(a), eigen.vectors) * ComplexTensor(eigen.denominators)
    let right = matmul(ComplexTensor(b), eigen.vectors) * eigen.numerators
    #expect((left - right).magnitude.maximum() < 1e-13 * (a.norm() * b.norm()))
    // An eigenvalue of a singular b is infinite.
    let singular = try GeneralizedEigen(
      of: [[1, 0], [0, 1]], [[2, 0], [0, 0]] as Tensor<Double>)
    #expect(singular.values.real.sorted() == [0.5, .infinity])
    let definite = matmul(b, b.transposed()) + .identity(6)
    let symmetric = a + a.transposed()
    let pair = try SymmetricEigen(of: symmetric, relativeTo: definite)
    let residual =
      matmul(symmetric, pair.vectors) - matmul(definite, pair.vectors) * pair.values
    #expect(residual.norm() < 1e-12)
    let scaled = matmul(matmul(pair.vectors.transposed(), definite), pair.vectors)
    #expect((scaled - .identity(6)).norm() < 1e-13)
    #expect(throws: LinearAlgebraError.self) {
      try SymmetricEigen(of: symmetric, relativeTo: symmetric)
    }
  }

  @Test("Banded and tridiagonal systems equal dense ones", arguments: [1, 2, 3, 9])
  func banded(_ n: Int) throws {
    let dense = normal([n, n], 5).lowerTriangle(offset: 1).upperTriangle(offset: -2)
    let b = normal([n, 2], 6)
    var bands = Tensor<Double>.zeros([4, n])
    for i in 0..<n {
      for j in max(0, i - 2)...min(n - 1, i + 1) { bands[1 + i - j, j] = dense[i, j] }
    }
    let exact = try solve(dense, b)
    #expect((try bandedSolve(bands, below: 2, above: 1, b) - exact).norm() < 1e-11 * exact.norm())
    let tridiagonal = dense.upperTriangle(offset: -1) + .identity(n) * 5
    let vector = b[.all, 0]
    let x: Tensor<Double> = try tridiagonalSolve(
      below: tridiagonal.diagonal(offset: -1), diagonal: tridiagonal.diagonal(),
      above: tridiagonal.diagonal(offset: 1), vector)
    #expect((matmul(tridiagonal, x) - vector).norm() < 1e-13 * vector.norm())
    #expect(throws: LinearAlgebraError.self) {
      try tridiagonalSolve(
        below: .zeros([n - 1]), diagonal: Tensor<Double>.zeros([n]), above: .zeros([n - 1]), vector)
    }
  }

  @Test("Exponentials of matrices equal their series and their closed forms")
  func exponential() throws {
    // Rotations, diagonals, and nilpotent matrices.
    let angle = 0.7
    let rotation = try matrixExponential(Tensor([[0, -angle], [angle, 0]]))
    let exact = Tensor<Double>([
      [cos(Tensor(angle)).scalar, -sin(Tensor(angle)).scalar],
      [sin(Tensor(angle)).scalar, cos(Tensor(angle)).scalar],
    ])
    #expect((rotation - exact).norm() < 1e-15)
    let diagonal = Tensor<Double>([-50, 0, 3, 10])
    let power = try matrixExponential(Tensor.diagonal(diagonal)).diagonal()
    #expect(maxRelative(power, exp(diagonal)) < 1e-13)
    #expect(
      try matrixExponential([[0, 1, 2], [0, 0, 3], [0, 0, 0]] as Tensor<Double>)
        .allClose(to: [[1, 1, 3.5], [0, 1, 3], [0, 0, 1]], relative: 1e-15, absolute: 1e-15))
    // exp(a) exp(-a) = 1, for each of a batch.
    let a = normal([3, 5, 5], 8)
    let product = matmul(try matrixExponential(a), try matrixExponential(-a))
    #expect((product - .identity(5)).norm() < 1e-11)
    #expect(throws: LinearAlgebraError.self) {
      try matrixExponential([[.nan]] as Tensor<Double>)
    }
  }

  private func maxRelative(_ a: Tensor<Double>, _ b: Tensor<Double>) -> Double {
    (abs(a - b) / abs(b)).maximum()
  }

  @Test("Square roots of matrices give them back", arguments: [1, 2, 6, 20])
  func squareRoot(_ n: Int) throws {
    let b = normal([n, n], 9)
    let definite = matmul(b, b.transposed())
    let root = try matrixSquareRoot(definite)
    #expect((matmul(root, root) - definite).norm() < 1e-12 * definite.norm())
    #expect((root - root.transposed()).norm() < 1e-12 * root.norm())
    let general = b + .identity(n) * Double(3 * n)
    let other = try matrixSquareRoot(general)
    #expect((matmul(other, other) - general).norm() < 1e-13 * general.norm())
    #expect(throws: LinearAlgebraError.self) {
      try matrixSquareRoot(Tensor<Double>.identity(n) * -1)
    }
  }

  @Test("Batches equal their matrices one by one")
  func batches() throws {
    let a = normal([2, 3, 4, 4], 10)
    let b = normal([3, 4, 2], 11)
    let x = try solve(a, b)
    #expect(x.shape == [2, 3, 4, 2])
    let flat = a.reshaped(to: [6, 4, 4])
    let solutions = x.reshaped(to: [6, 4, 2])
    let (determinants, inverses) = (
      try determinants(a).flattened(), try inverse(a).reshaped(to: [6, 4, 4])
    )
    let svds = try svd(a)
    #expect((svds.reconstructed() - a).norm() < 1e-13)
    for i in 0..<6 {
      let matrix = flat.element(at: i)
      #expect(
        solutions.element(at: i).allClose(
          to: try solve(matrix, b.element(at: i % 3)), relative: 1e-10))
      #expect(Swift.abs(determinants[i] - (try determinant(matrix))) < 1e-12)
      #expect(inverses.element(at: i).allClose(to: try inverse(matrix), relative: 1e-10))
      let values = svds.singularValues.reshaped(to: [6, 4]).element(at: i)
      #expect(values.allClose(to: try singularValues(matrix), relative: 1e-12))
    }
    let factors = try qr(a)
    #expect((matmul(factors.q, factors.r) - a).norm() < 1e-13)
    let definite = matmul(a, a.transposed()) + .identity(4)
    let l = try cholesky(definite).l
    #expect((matmul(l, l.transposed()) - definite).norm() < 1e-12)
    let eigen = try symmetricEigen(definite)
    #expect(
      (matmul(definite, eigen.vectors) - eigen.vectors * eigen.values.expandingShape(at: -2)).norm()
        < 1e-11)
    #expect(try solve(a, Tensor<Double>.ones([4])).shape == [2, 3, 4])
    #expect(
      try solve(Tensor<Double>.zeros([0, 4, 4]), Tensor<Double>.ones([4, 1])).shape == [0, 4, 1])
    var singular = a
    singular[1, 2, 0] = Tensor(0)
    let error = #expect(throws: LinearAlgebraError.self) { try inverse(singular) }
    #expect(error?.message.contains("matrix 5 of the batch") == true)
  }

  @Test("Sums of products in any notation equal matmul")
  func einsumForms() {
    let (a, b, c) = (normal([3, 4], 12), normal([4, 5], 13), normal([5, 2], 14))
    let chain = matmul(matmul(a, b), c)
    #expect((einsum("ij,jk,kl->il", a, b, c) - chain).norm() < 1e-13)
    let batch = normal([2, 1, 3, 4], 15)
    let others = normal([6, 4, 5], 16)
    let expected = matmul(batch, others)
    #expect((einsum("...ij,...jk->...ik", batch, others) - expected).norm() < 1e-13)
    #expect((einsum("...ij,...jk", batch, others) - expected).norm() < 1e-13)
    let single = normal([1, 4], 17)
    #expect((einsum("ij,ij->ij", a, single) - a * single).norm() == 0)
    #expect((einsum("ij,ij->", a, single) - Tensor((a * single).sum())).norm() < 1e-13)
    #expect((chainProduct([a, b, c]) - chain).norm() < 1e-13)
    let vectors = Array(repeating: Tensor<Double>([1, 2]), count: 9)
    #expect(
      einsum(
        "a,a,a,a,a,a,a,a,a->a", vectors[0], vectors[1], vectors[2], vectors[3], vectors[4],
        vectors[5], vectors[6], vectors[7], vectors[8]) == [1, 512])
  }
}
