/// A matrix `[rows, columns]` of which only the elements that may differ from 0 are stored, row by row
/// (compressed sparse rows).
public struct SparseMatrix<Scalar: RealScalar>: Sendable, Equatable {
  /// The rows and columns.
  public let shape: Shape
  /// Where the elements of each row begin, and behind the last one their number: `[rows + 1]`.
  public let rowStarts: Tensor<Int32>
  /// The columns of the elements, ascending within each row: `[count]`.
  public let columns: Tensor<Int32>
  /// The elements: `[count]`.
  public let values: Tensor<Scalar>

  /// The matrix with `values[k]` at `(rows[k], columns[k])`; values of one place are added. Traps when the
  /// vectors differ in length and on an index outside the shape.
  public init(shape: Shape, rows: Tensor<Int32>, columns: Tensor<Int32>, values: Tensor<Scalar>) {
    let count = values.elementCount
    precondition(
      shape.rank == 2 && rows.shape == [count] && columns.shape == [count] && values.rank == 1,
      "SparseMatrix: rows \(rows.shape), columns \(columns.shape) and values \(values.shape) for shape \(shape)"
    )
    let (height, width) = (shape[0], shape[1])
    let (row, column, value) = (rows.scalars, columns.scalars, values.scalars)
    var starts = [Int](repeating: 0, count: height + 1)
    for k in 0..<count {
      precondition(
        row[k] >= 0 && Int(row[k]) < height && column[k] >= 0 && Int(column[k]) < width,
        "SparseMatrix: place [\(row[k]), \(column[k])] outside shape \(shape)")
      starts[Int(row[k]) + 1] += 1
    }
    for i in 0..<height { starts[i + 1] += starts[i] }
    var next = starts
    var order = [Int](repeating: 0, count: count)
    for k in 0..<count {
      order[next[Int(row[k])]] = k
      next[Int(row[k])] += 1
    }
    var ends: [Int32] = [0]
    var places: [Int32] = []
    var sums: [Double] = []
    for i in 0..<height {
      let first = places.count
      for k in order[starts[i]..<starts[i + 1]].sorted(by: { (column[$0], $0) < (column[$1], $1) })
      {
        if places.count > first, places[places.count - 1] == column[k] {
          sums[sums.count - 1] += Double(value[k])
        } else {
          places.append(column[k])
          sums.append(Double(value[k]))
        }
      }
      ends.append(Int32(places.count))
    }
    self.shape = shape
    rowStarts = Tensor(ends)
    self.columns = Tensor(places)
    self.values = Tensor(sums.map { Scalar($0) })
  }

  /// The elements of a matrix that are not 0. Traps unless it is one.
  public init(_ dense: Tensor<Scalar>) {
    precondition(dense.rank == 2, "SparseMatrix: shape \(dense.shape) is not a matrix")
    let places = dense.nonzeroIndices()
    self.init(
      shape: dense.shape, rows: places[.all, 0], columns: places[.all, 1],
      values: dense.elements(where: dense .!= 0))
  }

  /// The matrix with all its elements.
  public var dense: Tensor<Scalar> {
    var result = Tensor<Scalar>.zeros(shape)
    let (starts, places, elements) = (rowStarts.scalars, columns.scalars, values.scalars)
    let width = shape[1]
    result.withMutablePointer { out in
      for i in 0..<shape[0] {
        for k in Int(starts[i])..<Int(starts[i + 1]) {
          out[i * width + Int(places[k])] = elements[k]
        }
      }
    }
    return result
  }

  /// The matrix with rows and columns exchanged.
  public func transposed() -> SparseMatrix {
    let starts = rowStarts.scalars
    let rows = (0..<shape[0]).flatMap { i in
      Array(repeating: Int32(i), count: Int(starts[i + 1] - starts[i]))
    }
    return SparseMatrix(
      shape: [shape[1], shape[0]], rows: columns, columns: Tensor(rows), values: values)
  }
}

/// The product of a sparse matrix `[m, n]` and a vector `[n]` or a matrix `[n, k]`, with sums in double
/// precision. Traps when the shapes do not fit.
public func matmul<Scalar: RealScalar>(_ a: SparseMatrix<Scalar>, _ b: Tensor<Scalar>)
  -> Tensor<Scalar>
{
  precondition(
    (b.rank == 1 || b.rank == 2) && b.shape[0] == a.shape[1],
    "matmul: shapes \(a.shape) and \(b.shape) do not fit")
  return product(a, b)
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func product<Scalar: RealScalar>(_ a: SparseMatrix<Scalar>, _ b: Tensor<Scalar>)
  -> Tensor<Scalar>
{
  let width = b.rank == 1 ? 1 : b.shape[1]
  let rows = a.shape[0]
  return Tensor(unsafeUninitializedShape: Shape([rows] + b.shape.dropFirst())) { out in
    let target = out.baseAddress!
    a.rowStarts.withPointer { starts in
      a.columns.withPointer { columns in
        a.values.withPointer { values in
          b.withPointer { x in
            parallelFor(rows, grain: max(1, elementwiseGrain / max(1, 8 * width))) { range in
              withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, width)) { sums in
                for i in range {
                  sums.update(repeating: 0)
                  for k in Int(starts[i])..<Int(starts[i + 1]) {
                    let (value, row) = (Double(values[k]), x + Int(columns[k]) * width)
                    for j in 0..<width { sums[j] += value * Double(row[j]) }
                  }
                  for j in 0..<width { target[i * width + j] = Scalar(sums[j]) }
                }
              }
            }
          }
        }
      }
    }
  }
}

/// The solution of `a x = b` for a symmetric positive definite `a`, given by its products with vectors, by
/// conjugate gradients (Hestenes and Stiefel, 1952). b is a vector `[n]`; `start` is a first guess. Throws
/// when the residual is not below `tolerance` times the norm of b after `limit` steps (by default 10 n), when
/// `a` turns out not to be positive definite, and on numbers that are not finite.
public func conjugateGradients<Scalar: RealScalar>(
  _ b: Tensor<Scalar>, start: Tensor<Scalar>? = nil, tolerance: Double = 1e-6, limit: Int? = nil,
  product: (Tensor<Scalar>) -> Tensor<Scalar>
) throws(LinearAlgebraError) -> Tensor<Scalar> {
  precondition(
    b.rank == 1 && (start == nil || start!.shape == b.shape),
    "conjugateGradients: right-hand side \(b.shape) and start \(start?.shape ?? []) are not vectors of one size"
  )
  func fail(_ message: String) -> LinearAlgebraError {
    LinearAlgebraError(routine: "conjugateGradients", message: message)
  }
  let goal = tolerance * b.norm()
  var x = start ?? .zeros(b.shape)
  var residual = start == nil ? b : b - product(x)
  var direction = residual
  var square = residual.sumOfSquares()
  let limit = limit ?? 10 * b.elementCount
  for _ in 0..<limit {
    guard square.isFinite else { throw fail("a number is NaN or infinite") }
    if square.squareRoot() <= goal { return x }
    let image = product(direction)
    let curvature = direction.dot(image)
    guard curvature.isFinite else { throw fail("a number is NaN or infinite") }
    guard curvature > 0 else { throw fail("the matrix is not positive definite") }
    let step = Scalar(square / curvature)
    x.scaleAdd(adding: step, times: direction)
    residual.scaleAdd(adding: -step, times: image)
    let next = residual.sumOfSquares()
    direction.scaleAdd(Scalar(next / square), adding: 1, times: residual)
    square = next
  }
  guard square.squareRoot() <= goal else {
    throw fail("no convergence in \(limit) steps: residual \(square.squareRoot()), wanted \(goal)")
  }
  return x
}

/// The solution of `a x = b` for a sparse symmetric positive definite matrix. Traps when the shapes do not
/// fit; throws as `conjugateGradients(_:start:tolerance:limit:product:)` does.
public func conjugateGradients<Scalar: RealScalar>(
  _ a: SparseMatrix<Scalar>, _ b: Tensor<Scalar>, tolerance: Double = 1e-6, limit: Int? = nil
) throws(LinearAlgebraError) -> Tensor<Scalar> {
  precondition(
    a.shape[0] == a.shape[1] && b.shape == [a.shape[0]],
    "conjugateGradients: matrix \(a.shape) and right-hand side \(b.shape) do not fit")
  return try conjugateGradients(b, tolerance: tolerance, limit: limit) { matmul(a, $0) }
}
