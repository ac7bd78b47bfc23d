import Tensors
import Testing

struct WorkspaceTests {
  /// In processes of their own, as sums may be added in another order while other tests use the
  /// threads. A raw computation over all shapes and kinds of matrices in one workspace gives what the
  /// factorisation object gives in a workspace of its own.
  @Test("Results are those of the objects, whatever the workspace was used for before")
  func reuse() async {
    await #expect(processExitsWith: .success) {
      var workspace = Workspace<Float>()
      for shape in TestMatrix.shapes + TestMatrix.shapes.reversed() {
        let a = TestMatrix.all(shape, seed: 1)[0].matrix.converted(to: Float.self)
        let (m, n) = (shape[0], shape[1])
        let k = min(m, n)
        for size in [FactorSize.thin, .full] {
          let (left, right) = size == .thin ? (k, k) : (m, n)
          var (u, s) = (Tensor<Float>.ones([m, left]), Tensor<Float>.ones([k]))
          var vt = Tensor<Float>.ones([right, n])
          try workspace.svd(of: a, u: &u, singularValues: &s, vt: &vt)
          let svd = try SVD(of: a, size)
          #expect(u == svd.u && s == svd.singularValues && vt == svd.vt)
          var (q, r) = (Tensor<Float>.ones([m, left]), Tensor<Float>.ones([left, n]))
          try workspace.qr(of: a, q: &q, r: &r)
          let factors = try QR(of: a, size)
          #expect(q == factors.q && r == factors.r)
        }
        var values = Tensor<Float>.ones([k])
        try workspace.singularValues(of: a, into: &values)
        #expect(try values == singularValues(a))
        var (packed, pivots) = (Tensor<Float>.ones([n, m]), Tensor<Int32>.ones([k]))
        let zero = try workspace.lu(of: a, factors: &packed, pivots: &pivots)
        let lu = try LU(of: a)
        #expect(packed.transposed().sliced(0..<k).upperTriangle() == lu.u)
        if m == n { #expect((zero > 0) == lu.isSingular) }
      }
    }
  }

  @Test("Square matrices are decomposed as the objects decompose them")
  func squareMatrices() async {
    await #expect(processExitsWith: .success) {
      var workspace = Workspace<Double>()
      for n in [0, 1, 5, 40, 16, 3] {
        var source = RandomSource(seed: 2)
        let a = Tensor<Double>.normal([n, n], using: &source)
        let positive = matmul(a, a.transposed()) + .identity(n)
        var l = Tensor<Double>.ones([n, n])
        try workspace.cholesky(of: positive, l: &l)
        #expect(try l == cholesky(positive).l)
        for count in Set([0, n / 5, n / 2, n]) {
          var (values, rows) = (Tensor<Double>.ones([count]), Tensor<Double>.ones([count, n]))
          try workspace.symmetricEigen(of: positive, values: &values, vectors: &rows)
          let eigen = try symmetricEigen(positive, largest: count)
          #expect(values == eigen.values && rows.transposed() == eigen.vectors)
        }
        var (real, imaginary) = (Tensor<Double>.ones([n]), Tensor<Double>.ones([n]))
        try workspace.eigenvalues(of: a, real: &real, imaginary: &imaginary)
        let alone = try eigenvalues(a)
        #expect(real == alone.real && imaginary == alone.imaginary)
        var rows = Tensor<Double>.ones([n, n])
        try workspace.generalEigen(of: a, real: &real, imaginary: &imaginary, vectors: &rows)
        let eigen = try generalEigen(a)
        #expect(real == eigen.realValues && imaginary == eigen.imaginaryValues)
        for row in 0..<n where imaginary[row] >= 0 {
          #expect(rows[row, .ellipsis] == eigen.realVectors[.all, row])
        }
      }
    }
  }

  /// The counts are global to the process.
  @Test("A second call allocates nothing")
  func secondCall() async {
    await #expect(processExitsWith: .success) {
      var source = RandomSource(seed: 3)
      var workspace = Workspace<Float>()
      let a = Tensor<Float>.normal([120, 90], using: &source)
      let square = matmul(a.transposed(), a)
      var (u, s, vt) = (Tensor<Float>.zeros([120, 90]), Tensor<Float>.zeros([90]), square)
      var (q, r) = (u + 0, vt + 0)
      var (values, rows) = (Tensor<Float>.zeros([20]), Tensor<Float>.zeros([20, 90]))
      var (all, vectors) = (s + 0, square + 0)
      var (real, imaginary, general) = (s + 0, s + 0, square + 0)
      var (l, packed) = (square + 0, a.transposed().copied())
      var pivots = Tensor<Int32>.zeros([90])
      vt = square + 0
      for round in 0..<3 {
        let live = TensorMemory.liveBytes
        TensorMemory.resetPeak()
        try workspace.svd(of: a, u: &u, singularValues: &s, vt: &vt)
        try workspace.singularValues(of: a, into: &s)
        try workspace.qr(of: a, q: &q, r: &r)
        try workspace.symmetricEigen(of: square, values: &values, vectors: &rows)
        try workspace.symmetricEigen(of: square, values: &all, vectors: &vectors)
        try workspace.generalEigen(
          of: square, real: &real, imaginary: &imaginary, vectors: &general)
        try workspace.cholesky(of: square, l: &l)
        _ = try workspace.lu(of: a, factors: &packed, pivots: &pivots)
        #expect((TensorMemory.peakBytes == live) == (round > 0))
        #expect(workspace.byteCount > 0)
      }
    }
  }

  /// Two copies may work at the same time. The counts are global to the process.
  @Test("A copy works in memory of its own")
  func copyOfWorkspace() async {
    await #expect(processExitsWith: .success) {
      var source = RandomSource(seed: 4)
      let a = Tensor<Float>.normal([60, 60], using: &source)
      var (values, others) = (Tensor<Float>.zeros([60]), Tensor<Float>.zeros([60]))
      var workspace = Workspace<Float>()
      try workspace.singularValues(of: a, into: &values)
      var copy = workspace
      let live = TensorMemory.liveBytes
      try copy.singularValues(of: a, into: &others)
      #expect(TensorMemory.liveBytes - live >= workspace.byteCount)
      #expect(values == others)
    }
  }

  @Test("Tensors that do not fit trap with all shapes")
  func misfits() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var workspace = Workspace<Float>()
      var (q, r) = (Tensor<Float>.zeros([4, 3]), Tensor<Float>.zeros([2, 3]))
      try workspace.qr(of: .ones([4, 3]), q: &q, r: &r)
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("qr: [4, 3] and [2, 3] do not fit a matrix [4, 3]"))
  }

  @Test("Non-finite matrices are errors")
  func nonFinite() {
    var workspace = Workspace<Float>()
    var (u, s, vt) = (
      Tensor<Float>.zeros([2, 2]), Tensor<Float>.zeros([2]), Tensor<Float>.zeros([2, 2])
    )
    #expect(throws: LinearAlgebraError.self) {
      try workspace.svd(
        of: Tensor(rows: [[1, .nan], [0, 1]]), u: &u, singularValues: &s, vt: &vt)
    }
  }
}
