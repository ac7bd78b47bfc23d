/// The solution x of `a x = b` for a tridiagonal `a`, given by its diagonals: the main one `[n]` and
/// those below and above it `[n - 1]`; b is `[n]` or `[n, k]`. By elimination with partial pivoting.
/// Traps when the shapes do not fit; throws when a number is NaN or infinite or `a` is exactly singular.
public func tridiagonalSolve<Scalar: RealScalar>(
  below: Tensor<Scalar>, diagonal: Tensor<Scalar>, above: Tensor<Scalar>, _ b: Tensor<Scalar>
) throws(LinearAlgebraError) -> Tensor<Scalar> {
  let n = diagonal.elementCount
  precondition(
    diagonal.rank == 1 && below.shape == [max(0, n - 1)] && above.shape == below.shape
      && (b.rank == 1 || b.rank == 2) && b.shape[0] == n,
    "tridiagonalSolve: diagonals \(below.shape), \(diagonal.shape), \(above.shape) and right-hand side \(b.shape) do not fit"
  )
  try checkFinite([below, diagonal, above, b], "tridiagonalSolve")
  var (low, middle, high, x) = (below.copied(), diagonal.copied(), above.copied(), b.copied())
  let columns = b.rank == 1 ? 1 : b.shape[1]
  guard n > 0, columns > 0 else { return x }
  let info = low.withMutablePointer { low in
    middle.withMutablePointer { middle in
      high.withMutablePointer { high in
        x.withMutablePointer { x in
          Scalar.lapack.gtsv(
            LAPACKTable<Scalar>.rowMajor, Int32(n), Int32(columns), low, middle, high, x,
            Int32(columns))
        }
      }
    }
  }
  try checkSingular(info, "gtsv", n)
  return x
}

/// The solution x of `a x = b` for a banded `a` `[n, n]` with `below` diagonals below the main one and
/// `above` above it, given as `[below + above + 1, n]`: row `above + i - j` of column j holds `a[i, j]`,
/// and the places without one are not used but must be finite. b is `[n]` or `[n, k]`. Traps when the
/// shapes do not fit; throws when a number is NaN or infinite or `a` is exactly singular.
public func bandedSolve<Scalar: RealScalar>(
  _ bands: Tensor<Scalar>, below: Int, above: Int, _ b: Tensor<Scalar>
) throws(LinearAlgebraError) -> Tensor<Scalar> {
  precondition(
    below >= 0 && above >= 0 && bands.rank == 2 && bands.shape[0] == below + above + 1
      && (b.rank == 1 || b.rank == 2) && b.shape[0] == bands.shape[1],
    "bandedSolve: bands \(bands.shape) for \(below) diagonals below and \(above) above, and right-hand side \(b.shape) do not fit"
  )
  try checkFinite([bands, b], "bandedSolve")
  let n = bands.shape[1]
  let columns = b.rank == 1 ? 1 : b.shape[1]
  guard n > 0, columns > 0 else { return b }
  // Elimination fills `below` more diagonals above.
  var work = Tensor.concatenated([.zeros([below, n]), bands])
  var x = b.copied()
  var pivots = Tensor<Int32>.zeros([n])
  let info = work.withMutablePointer { work in
    x.withMutablePointer { x in
      pivots.withMutablePointer { pivots in
        Scalar.lapack.gbsv(
          LAPACKTable<Scalar>.rowMajor, Int32(n), Int32(below), Int32(above), Int32(columns), work,
          Int32(n), pivots, x, Int32(columns))
      }
    }
  }
  try checkSingular(info, "gbsv", n)
  return x
}

private func checkFinite<Scalar: RealScalar>(_ tensors: [Tensor<Scalar>], _ routine: String)
  throws(LinearAlgebraError)
{
  guard let bad = tensors.first(where: { !$0.allFinite }) else { return }
  throw LinearAlgebraError(
    routine: routine, message: "an operand \(bad.shape) has a NaN or infinite element")
}

private func checkSingular(_ info: Int32, _ routine: String, _ n: Int) throws(LinearAlgebraError) {
  guard info != 0 else { return }
  throw LinearAlgebraError(
    routine: routine, info: Int(info), message: "matrix [\(n), \(n)] is singular")
}
