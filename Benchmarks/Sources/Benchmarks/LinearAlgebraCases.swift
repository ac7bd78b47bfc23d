import CRivals
import Tensors

/// A matrix `[rows, columns]` with singular values i^-0.7, like gradients of trained models.
private func powerLaw(_ rows: Int, _ columns: Int) -> Tensor<Float> {
  let rank = min(rows, columns)
  let u = try! qr(random([rows, rank])).q
  let v = try! qr(random([columns, rank], seed: 2)).q
  let values = Tensor((1...rank).map { Float($0) }).scalars.map { 1 / power($0, 0.7) }
  return matmul(u * Tensor(values), v.transposed())
}

private func power(_ x: Float, _ y: Float) -> Float { pow(Tensor(x), Tensor(y)).scalar }

/// Prints the share of the energy of the best rank-r approximation that the vectors keep.
private func report(_ basis: Tensor<Float>, of a: Tensor<Float>, best: Double) {
  let kept = matmul(basis.transposed(), a).sumOfSquares()
  print("  the next case keeps \(kept / best) of the best energy of rank \(basis.shape[1])")
}

private func truncated(_ rows: Int, _ columns: Int, _ rank: Int) -> Comparison {
  Comparison(
    "linear algebra", "truncated SVD, r \(rank) of \(rows) x \(columns)", unit: runs, work: 1,
    rival: "gesdd, thin", reach: 12, pauses: true
  ) {
    let a = powerLaw(rows, columns)
    var source = RandomSource(seed: 3)
    let best = (1...rank).reduce(0.0) { $0 + Double(power(Float($1), -1.4)) }
    report(
      try! truncatedSVD(of: DenseOperator(a), rank: rank, using: &source).u, of: a, best: best)
    return (
      { _ = try! truncatedSVD(of: DenseOperator(a), rank: rank, using: &source) },
      { _ = try! SVD(of: a) }
    )
  }
}

private func leading(_ rows: Int, _ columns: Int, _ rank: Int) -> Comparison {
  Comparison(
    "linear algebra", "left vectors, r \(rank) of \(rows) x \(columns)", unit: runs, work: 1,
    rival: "gesdd, thin", reach: 12, pauses: true
  ) {
    let a = powerLaw(rows, columns)
    var source = RandomSource(seed: 3)
    return (
      { _ = try! leadingSingularVectors(of: DenseOperator(a), rank: rank, using: &source) },
      { _ = try! SVD(of: a) }
    )
  }
}

private func projection(_ rows: Int, _ columns: Int, _ reach: Double) -> Comparison {
  Comparison(
    "linear algebra", "projection from 256 tokens, r 128 of \(rows) x \(columns)", unit: runs,
    work: 1, rival: "form, then gesdd, thin", reach: reach, pauses: true
  ) {
    // The product has about the spectrum of the first factor.
    let (x, d) = (powerLaw(256, columns), random([256, rows], seed: 2))
    var source = RandomSource(seed: 3)
    let formed = matmul(d.transposed(), x)
    let values = try! singularValues(formed)
    report(
      try! leadingSubspace(of: FactoredOperator(d, x), rank: 128, using: &source).basis,
      of: formed, best: values.sliced(0..<128).sumOfSquares())
    return (
      { _ = try! leadingSubspace(of: FactoredOperator(d, x), rank: 128, using: &source) },
      { _ = try! SVD(of: matmul(d.transposed(), x)) }
    )
  }
}

func linearAlgebraCases() -> [Comparison] {
  [
    truncated(512, 1376, 128), truncated(2048, 5461, 512), truncated(4096, 11008, 1024),
    leading(512, 1376, 128), leading(2048, 5461, 512),
    projection(512, 1376, 20), projection(2048, 5461, 300),
  ]
}
