extension Tensor where Scalar: RealScalar {
  /// Traps unless this is a matrix, or a batch `[..., m, n]` of some, that LAPACK can take; throws unless
  /// all elements are finite.
  func checkMatrices(_ routine: String, square: Bool = false) throws(LinearAlgebraError) {
    precondition(rank >= 2, "\(routine): shape \(shape) is not a matrix")
    precondition(
      !square || shape[rank - 1] == shape[rank - 2], "\(routine): matrix \(shape) is not square")
    precondition(
      shape.allSatisfy { $0 <= Int(Int32.max) }, "\(routine): a side of \(shape) exceeds 2^31 - 1")
    guard allFinite else {
      throw LinearAlgebraError(
        routine: routine, message: "matrix \(shape) has a NaN or infinite element")
    }
  }

  /// The sizes of the axes before the last two.
  var batchSizes: [Int] { Array(shape.dropLast(2)) }

  /// `decompose` applied to every matrix `[m, n]` of a batch `[..., m, n]`.
  func eachMatrix<Result>(
    _ decompose: (Tensor) throws(LinearAlgebraError) -> Result
  ) throws(LinearAlgebraError) -> [Result] {
    let count = batchSizes.reduce(1, *)
    let matrices = reshaped(to: Shape([count, shape[rank - 2], shape[rank - 1]]))
    let size = shape[rank - 2] * shape[rank - 1]
    var results = [Swift.Result<Result, LinearAlgebraError>?](repeating: nil, count: count)
    results.withUnsafeMutableBufferPointer { results in
      nonisolated(unsafe) let places = results
      // Large matrices have all threads to themselves.
      parallelFor(
        count, grain: size > 1 << 16 ? Swift.max(1, count) : Swift.max(1, 1024 / (size + 1))
      ) {
        for i in $0 {
          do throws(LinearAlgebraError) {
            places[i] = .success(try decompose(matrices.element(at: i)))
          } catch {
            places[i] = .failure(error)
          }
        }
      }
    }
    var parts: [Result] = []
    parts.reserveCapacity(count)
    for result in results { parts.append(try result!.get()) }
    return parts
  }

  /// The parts of the results for a batch, joined: `[..., part...]`. `part` is the shape of one, for
  /// an empty batch.
  func joined(_ parts: [Tensor], _ part: [Int]) -> Tensor {
    let whole = Shape(batchSizes + part)
    return parts.isEmpty ? .zeros(whole) : Tensor.stacked(parts).reshaped(to: whole)
  }
}

/// The solutions of the systems of a batch: matrices `[..., n, n]` and right-hand sides `[..., n, k]`,
/// whose leading axes broadcast, or one vector `[n]` for all.
func solveBatch<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  try a.checkMatrices("solve", square: true)
  if b.rank == 1 { return try solveBatch(a, b.expandingShape(at: 1)).squeezingShape(at: -1) }
  let n = a.shape.lastDimension
  guard b.rank >= 2, b.shape[b.rank - 2] == n,
    let lead = Shape(a.batchSizes).broadcast(with: Shape(b.batchSizes))
  else {
    preconditionFailure("solve: matrix \(a.shape) and right-hand side \(b.shape) do not fit")
  }
  let (count, columns) = (lead.elementCount, b.shape.lastDimension)
  // In column-major order, as LAPACK has matrices, and each with storage of its own.
  var factors = a.broadcast(to: Shape(lead.dimensions + [n, n])).transposed().copied()
  var x = b.broadcast(to: Shape(lead.dimensions + [n, columns])).transposed().copied()
  let infos = TensorStorage<Int32>(count: count)
  guard n > 0, count > 0 else { return x.transposed() }
  Threads.prepareBLAS()
  factors.withMutablePointer { factors in
    x.withMutablePointer { x in
      parallelFor(count, grain: max(1, (1 << 15) / (n * n * (n + columns)))) { range in
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: n) { pivots in
          for i in range {
            let (matrix, swaps) = (factors + i * n * n, pivots.baseAddress!)
            infos.base[i] = Scalar._getrf(n, n, matrix, n, swaps)
            if infos.base[i] == 0, columns > 0 {
              _ = Scalar._getrs(n, columns, matrix, n, swaps, x + i * n * columns, n)
            }
          }
        }
      }
    }
  }
  if let singular = (0..<count).first(where: { infos.base[$0] != 0 }) {
    throw LinearAlgebraError(
      routine: "getrf", info: Int(infos.base[singular]),
      message: "matrix \(singular) of the batch \(a.shape) is singular")
  }
  return x.transposed()
}

/// The determinant of each matrix of a batch `[..., n, n]`: `[...]`, multiplied in double precision. Traps
/// and throws as `determinant` does.
public func determinants<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  try a.checkMatrices("determinants", square: true)
  let n = a.shape.lastDimension
  var factors = a.copied()
  let count = a.batchSizes.reduce(1, *)
  guard n > 0 else { return .ones(Shape(a.batchSizes)) }
  return Tensor(unsafeUninitializedShape: Shape(a.batchSizes)) { out in
    guard count > 0 else { return }
    let target = out.baseAddress!
    Threads.prepareBLAS()
    factors.withMutablePointer { factors in
      parallelFor(count, grain: max(1, (1 << 15) / (n * n * n))) { range in
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: n) { pivots in
          for i in range {
            let matrix = factors + i * n * n
            // The transpose has the same determinant.
            let info = Scalar._getrf(n, n, matrix, n, pivots.baseAddress!)
            var product = info > 0 ? 0.0 : 1.0
            for k in 0..<n where info == 0 {
              product *= Double(matrix[k * n + k]) * (Int(pivots[k]) != k + 1 ? -1 : 1)
            }
            target[i] = Scalar(product)
          }
        }
      }
    }
  }
}
