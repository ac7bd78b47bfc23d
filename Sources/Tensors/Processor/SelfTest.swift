/// Whether OpenBLAS's kernels compute right results, found in about a millisecond.
///
/// Every check is of a product against plain loops over its factors: a product C of A and B is right
/// when C v = A (B v) for a random v, because an error in one element of C shows in C v.
enum SelfTest {
  static var passes: Bool { passes(Float.self) && passes(Double.self) }

  private static func passes<Scalar: RealScalar>(_ scalar: Scalar.Type) -> Bool {
    // Kernels differ by size: what is small, what fills whole registers and what is left over.
    products(Scalar.self, m: 37, n: 29, k: 53) && products(Scalar.self, m: 97, n: 131, k: 83)
      && products(Scalar.self, m: 1, n: 70, k: 45) && vectors(Scalar.self, m: 83, n: 131)
      && triangles(Scalar.self, n: 41)
      && triangles(Scalar.self, n: 96) && orthogonal(Scalar.self, rows: 97, columns: 70)
  }

  // MARK: - The checks

  /// `_gemm` with every transposition, without and with what stood in its result.
  private static func products<Scalar: RealScalar>(_: Scalar.Type, m: Int, n: Int, k: Int) -> Bool {
    var values = Values<Scalar>()
    for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
      let a = transposeA ? values.matrix(k, m) : values.matrix(m, k)
      let b = transposeB ? values.matrix(n, k) : values.matrix(k, n)
      let before = values.matrix(m, n)
      let v = values.vector(n)
      let product = a.times(b.times(v, transposed: transposeB), transposed: transposeA)
      let old = before.times(v)
      for keeping: Scalar in [0, 0.5] {
        // What is not kept must not be read either.
        var c = keeping == 0 ? Matrix(m, n, repeating: .nan) : before
        Scalar._gemm(
          transposeA, transposeB, m, n, k, 0.75, a.elements, a.columns, b.elements, b.columns,
          keeping, &c.elements, n)
        let right = zip(product, old).map { 0.75 * $0 + Double(keeping) * $1 }
        guard agree(c.times(v), right, Scalar.self) else {
          return false
        }
      }
    }
    return true
  }

  /// `_gemv` with a matrix and its transpose, without and with what stood in its result.
  private static func vectors<Scalar: RealScalar>(_: Scalar.Type, m: Int, n: Int) -> Bool {
    var values = Values<Scalar>()
    let a = values.matrix(m, n)
    for transposed in [false, true] {
      let x = values.vector(transposed ? m : n)
      let old = values.vector(transposed ? n : m)
      let product = a.times(x, transposed: transposed)
      for keeping: Scalar in [0, 0.5] {
        var y = keeping == 0 ? old.map { _ in Scalar.nan } : old.map { Scalar($0) }
        Scalar._gemv(
          transposed, m, n, 0.75, a.elements, n, x.map { Scalar($0) }, 1, keeping, &y, 1)
        let right = zip(product, old).map { 0.75 * $0 + Double(keeping) * $1 }
        guard agree(y.map(Double.init), right, Scalar.self) else { return false }
      }
    }
    return true
  }

  /// `_syrk`, `_potrf` and `_trsm` with a positive definite matrix.
  private static func triangles<Scalar: RealScalar>(_: Scalar.Type, n: Int) -> Bool {
    var values = Values<Scalar>()
    let a = values.matrix(n, n + 7)
    var gram = Matrix<Scalar>(n, n)
    Scalar._syrk(false, n, n + 7, a.elements, n + 7, &gram.elements, n)
    for i in 0..<n {
      gram[i, i] += 1
      for j in 0..<i { gram[j, i] = gram[i, j] }
    }
    let v = values.vector(n)
    let right = zip(a.times(a.times(v, transposed: true)), v).map { $0 + $1 }
    guard agree(gram.times(v), right, Scalar.self) else { return false }

    var lower = gram
    guard Scalar._potrf(n, &lower.elements, n) == 0 else { return false }
    for i in 0..<n { for j in i + 1..<n { lower[i, j] = 0 } }
    guard agree(lower.times(lower.times(v, transposed: true)), right, Scalar.self) else {
      return false
    }
    let width = n / 2 + 3
    for transposed in [false, true] {
      for left in [true, false] {
        let b = left ? values.matrix(n, width) : values.matrix(width, n)
        var x = b
        Scalar._trsm(
          left, false, transposed, b.rows, b.columns, lower.elements, n, &x.elements, b.columns)
        let v = values.vector(b.columns)
        let product =
          left
          ? lower.times(x.times(v), transposed: transposed)
          : x.times(lower.times(v, transposed: transposed))
        guard agree(product, b.times(v), Scalar.self, steps: 100) else { return false }
      }
    }
    return true
  }

  /// `_gelqf` and `_orglq`, whose blocks are products with triangles: a = q r for a tall row-major
  /// matrix.
  private static func orthogonal<Scalar: RealScalar>(_: Scalar.Type, rows: Int, columns: Int)
    -> Bool
  {
    var values = Values<Scalar>()
    let a = values.matrix(rows, columns)
    var q = a
    var tau = [Scalar](repeating: 0, count: columns)
    // LAPACK's blocks have 64 columns or fewer.
    var reals = [Scalar](repeating: 0, count: 64 * columns)
    var integers: [Int32] = [0]
    var r = Matrix<Scalar>(columns, columns)
    let isDone = reals.withUnsafeMutableBufferPointer { reals in
      integers.withUnsafeMutableBufferPointer { integers in
        let scratch = LAPACKScratch(
          reals: reals.baseAddress!, realCount: reals.count, integers: integers.baseAddress!,
          integerCount: 1)
        guard Scalar._gelqf(columns, rows, &q.elements, columns, &tau, scratch) == 0 else {
          return false
        }
        for i in 0..<columns { for j in i..<columns { r[i, j] = q[i, j] } }
        return Scalar._orglq(columns, rows, columns, &q.elements, columns, tau, scratch) == 0
      }
    }
    let v = values.vector(columns)
    return isDone && agree(q.times(r.times(v)), a.times(v), Scalar.self)
      && agree(q.times(q.times(v), transposed: true), v, Scalar.self)
  }

  /// Whether two vectors are equal but for rounding: to `steps` roundings of the largest element.
  private static func agree<Scalar: RealScalar>(
    _ x: [Double], _ y: [Double], _: Scalar.Type, steps: Double = 1
  ) -> Bool {
    let largest = y.reduce(0) { max($0, abs($1)) }
    let tolerance = 1_000 * steps * Double(Scalar.ulpOfOne) * largest
    return zip(x, y).allSatisfy { abs($0 - $1) <= tolerance }
  }
}

/// A row-major matrix for plain loops.
private struct Matrix<Scalar: RealScalar> {
  let rows: Int
  let columns: Int
  var elements: [Scalar]

  init(_ rows: Int, _ columns: Int, repeating value: Scalar = 0) {
    (self.rows, self.columns) = (rows, columns)
    elements = Array(repeating: value, count: rows * columns)
  }

  subscript(i: Int, j: Int) -> Scalar {
    get { elements[i * columns + j] }
    set { elements[i * columns + j] = newValue }
  }

  /// The product with a vector, summed in double precision.
  func times(_ v: [Double], transposed: Bool = false) -> [Double] {
    var result = [Double](repeating: 0, count: transposed ? columns : rows)
    let columns = columns
    elements.withUnsafeBufferPointer { elements in
      result.withUnsafeMutableBufferPointer { result in
        for i in 0..<rows {
          let row = elements[i * columns..<(i + 1) * columns]
          if transposed {
            let factor = v[i]
            for (j, element) in zip(0..., row) { result[j] += Double(element) * factor }
          } else {
            var sum = 0.0
            for (element, factor) in zip(row, v) { sum += Double(element) * factor }
            result[i] = sum
          }
        }
      }
    }
    return result
  }
}

/// The same random numbers from -1 to 1 in every run.
private struct Values<Scalar: RealScalar> {
  private var state: UInt64 = 1

  private mutating func next() -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(state >> 40) / 8_388_608 - 1
  }

  mutating func vector(_ count: Int) -> [Double] { (0..<count).map { _ in next() } }

  mutating func matrix(_ rows: Int, _ columns: Int) -> Matrix<Scalar> {
    var matrix = Matrix<Scalar>(rows, columns)
    for index in matrix.elements.indices { matrix.elements[index] = Scalar(next()) }
    return matrix
  }
}
