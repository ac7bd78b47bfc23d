import CRivals
import Tensors

/// A matrix `[rows, columns]` with singular values i^-0.7, as trained models' gradients have.
private func powerLaw(_ rows: Int, _ columns: Int) -> Tensor<Float> {
  let rank = min(rows, columns)
  let u = try! qr(random([rows, rank])).q
  let v = try! qr(random([columns, rank], seed: 2)).q
  let values = Tensor((1...rank).map { Float($0) }).scalars.map { 1 / power($0, 0.7) }
  return matmul(u * Tensor(values), v.transposed())
}

private func power(_ x: Float, _ y: Float) -> Float { pow(Tensor(x), Tensor(y)).scalar }

func linearAlgebraCases() -> [Comparison] {
  [(512, 1376, 128), (2048, 5461, 512)].map { rows, columns, rank in
    Comparison(
      "linear algebra", "truncated SVD, r \(rank) of \(rows) x \(columns)", unit: runs, work: 1,
      rival: "gesdd, thin", reach: 12
    ) {
      let a = powerLaw(rows, columns)
      var source = RandomSource(seed: 3)
      return (
        { _ = try! leadingSingularVectors(of: DenseOperator(a), rank: rank, using: &source) },
        { _ = try! SVD(of: a) }
      )
    }
  }
    + [(512, 1376, 20.0), (2048, 5461, 300.0)].map { rows, columns, reach in
      Comparison(
        "linear algebra", "projection from 256 tokens, r 128 of \(rows) x \(columns)", unit: runs,
        work: 1, rival: "form, then gesdd, thin", reach: reach
      ) {
        let (x, d) = (random([256, columns]), random([256, rows], seed: 2))
        var source = RandomSource(seed: 3)
        return (
          {
            _ = try! leadingSingularVectors(of: FactoredOperator(d, x), rank: 128, using: &source)
          },
          { _ = try! SVD(of: matmul(d.transposed(), x)) }
        )
      }
    }
}
