@testable import Tensors

extension TestMatrix {
  /// Matrices of one shape with few distinct rows, columns or values, or with values over many
  /// orders of magnitude: their rounding falls into the span of what is exact.
  static func structured(_ m: Int, _ n: Int, seed: UInt64) throws -> [TestMatrix] {
    var source = RandomSource(seed: seed).split("\(m) \(n)")
    let (few, some) = (max(1, min(5, min(m, n) / 2)), max(1, min(12, min(m, n) / 2)))
    func normal(_ rows: Int, _ columns: Int) -> Tensor<Double> {
      .normal([rows, columns], using: &source)
    }
    func orthonormal(_ rows: Int, _ columns: Int) throws -> Tensor<Double> {
      try qr(normal(rows, columns)).q
    }
    let random = normal(m, n).scalars
    let places = (0..<m * n).map { _ in Int(source.index(below: 1 << 20)) }
    func each(_ value: (Int, Int) -> Double) -> Tensor<Double> {
      Tensor((0..<m * n).map { value($0 / n, $0 % n) }).reshaped(to: [m, n])
    }
    func matrix(_ kind: String, _ value: (Int, Int) -> Double) -> TestMatrix {
      TestMatrix(kind: kind, matrix: each(value))
    }
    func gauss(_ i: Int, _ j: Int) -> Double { random[i * n + j] }
    let decay = exp(Tensor((0..<some).map { -20 * Double($0) / Double(some) }))
    func product(_ kind: String, _ u: Tensor<Double>, _ v: Tensor<Double>) -> TestMatrix {
      TestMatrix(kind: kind, matrix: matmul(u, v.transposed()))
    }
    let (rowStep, columnStep) = (max(1, m / few), max(1, n / few))
    let fading = exp(Tensor((0..<m).map { -20 * Double($0) / Double(m) })).scalars
    return [
      matrix("ones") { _, _ in 1 },
      matrix("thirds") { _, _ in 1.0 / 3 },
      matrix("blocks") { i, j in Double(i * 3 / m * 3 + j * 3 / n + 1) },
      matrix("checkerboard") { i, j in (i + j).isMultiple(of: 2) ? 1 : 0 },
      matrix("checkerboard of signs") { i, j in (i + j).isMultiple(of: 2) ? 1 : -1 },
      matrix("one element") { i, j in i == m / 2 && j == n / 3 ? 2.5 : 0 },
      matrix("few rows") { i, j in i % rowStep == 0 && i / rowStep < few ? gauss(i, j) : 0 },
      matrix("few columns") { i, j in
        j % columnStep == 0 && j / columnStep < few ? gauss(i, j) : 0
      },
      matrix("repeated rows") { i, j in gauss(i % min(m, 10), j) },
      matrix("repeated columns") { i, j in gauss(i, j % min(n, 10)) },
      matrix("one-hot") { i, j in j == places[i] % n ? 1 : 0 },
      matrix("one-hot, 8 classes") { i, j in j == places[i] % min(n, 8) ? 1 : 0 },
      matrix("identity") { i, j in i == j ? 1 : 0 },
      matrix("some of a diagonal") { i, j in i == j && i.isMultiple(of: 3) ? 7 : 0 },
      product("equal values", try orthonormal(m, few), try orthonormal(n, few)),
      product("twelve equal values", try orthonormal(m, some), try orthonormal(n, some)),
      product("graded", try orthonormal(m, some) * decay, try orthonormal(n, some)),
      matrix("graded rows, repeated") { i, j in gauss(i % min(m, 6), j) * fading[i % 6 * m / 6] },
      matrix("graded rows") { i, j in gauss(i, j) * fading[i] },
      product("integers", floor(normal(m, few)), floor(normal(n, few))),
      matrix("sparse integers") { i, j in
        places[i * n + j].isMultiple(of: 20) ? Double(places[i * n + j] % 7) - 2.5 : 0
      },
      matrix("zeros and ones") { i, j in Double(places[i * n + j] % 2) },
      matrix("sums of indices") { i, j in Double(i + j) },
      matrix("products of indices") { i, j in Double((i + 1) * (j + 1)) },
      matrix("Hilbert") { i, j in 1 / Double(i + j + 1) },
      matrix("triangle of ones") { i, j in j <= i ? 1 : 0 },
      matrix("residues") { i, j in Double(i * j % 5) },
      matrix("lesser index") { i, j in Double(min(i, j) + 1) },
      matrix("small beside large") { i, j in 1000 + (i < 3 ? gauss(i, j) : 0) },
      product("random of low rank", normal(m, few), normal(n, few)),
      matrix("tiny") { i, j in 1e-30 * gauss(i % min(m, 4), j) },
      matrix("huge") { i, j in 1e30 * gauss(i % min(m, 4), j) },
    ]
  }
}
