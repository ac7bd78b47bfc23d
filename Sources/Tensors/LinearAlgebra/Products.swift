/// The products of every element of one tensor with every element of another, each taken as a vector:
/// `[a.elementCount, b.elementCount]`.
public func outer<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> {
  a.reshaped(to: [a.elementCount, 1]) * b.reshaped(to: [1, b.elementCount])
}

/// The Kronecker product: every element of `a` replaced by a copy of `b` times it. The sizes multiply
/// axis by axis; the one with fewer axes gets axes of size 1 in front.
public func kronecker<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  -> Tensor<Scalar>
{
  let rank = max(a.rank, b.rank)
  func sizes(_ shape: Shape) -> [Int] {
    Array(repeating: 1, count: rank - shape.rank) + shape.dimensions
  }
  let (x, y) = (sizes(a.shape), sizes(b.shape))
  // Axes (a, b) in pairs, each pair merged into one.
  let product =
    a.reshaped(to: Shape(x.flatMap { [$0, 1] })) * b.reshaped(to: Shape(y.flatMap { [1, $0] }))
  return product.reshaped(to: Shape(zip(x, y).map { $0 * $1 }))
}

/// The vector product of vectors of three elements along the last axis, with broadcasting of the
/// others. Traps on other sizes.
public func cross<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> {
  precondition(
    a.rank > 0 && b.rank > 0 && a.shape.lastDimension == 3 && b.shape.lastDimension == 3,
    "cross: the last axes of \(a.shape) and \(b.shape) are not 3")
  func turned(_ x: Tensor<Scalar>, _ distance: Int) -> Tensor<Scalar> {
    x.rolled(by: distance, alongAxis: -1)
  }
  return turned(a, -1) * turned(b, -2) - turned(a, -2) * turned(b, -1)
}

/// Sums of products over several axes of both: `axes.count` pairs of axes of equal size are summed
/// over, and the result has the other axes of `a` before those of `b`. Traps when they do not fit.
public func tensorProduct<Scalar: RealScalar>(
  _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, summing axes: [(Int, Int)]
) -> Tensor<Scalar> {
  let left = axes.map { a.shape.normalized(axis: $0.0, in: "tensorProduct") }
  let right = axes.map { b.shape.normalized(axis: $0.1, in: "tensorProduct") }
  precondition(
    Set(left).count == left.count && Set(right).count == right.count
      && zip(left, right).allSatisfy { a.shape[$0] == b.shape[$1] },
    "tensorProduct: axes \(axes) of shapes \(a.shape) and \(b.shape) do not fit")
  let rows = (0..<a.rank).filter { !left.contains($0) }
  let columns = (0..<b.rank).filter { !right.contains($0) }
  let inner = left.reduce(1) { $0 * a.shape[$1] }
  func count(_ axes: [Int], _ shape: Shape) -> Int { axes.reduce(1) { $0 * shape[$1] } }
  let product = matmul(
    a.transposed(rows + left).reshaped(to: Shape([count(rows, a.shape), inner])),
    b.transposed(right + columns).reshaped(to: Shape([inner, count(columns, b.shape)])))
  return product.reshaped(to: Shape(rows.map { a.shape[$0] } + columns.map { b.shape[$0] }))
}

/// A product of matrices in the order that multiplies the fewest numbers; the first may be a row and
/// the last a column vector. Traps when they do not fit or there is none.
public func chainProduct<Scalar: RealScalar>(_ matrices: [Tensor<Scalar>]) -> Tensor<Scalar> {
  precondition(!matrices.isEmpty, "chainProduct: nothing to multiply")
  if matrices.count <= 2 {
    return matrices.count == 1 ? matrices[0] : matmul(matrices[0], matrices[1])
  }
  // The sizes between the factors; a vector at either end counts as a matrix of one row or column.
  let last = matrices.count - 1
  var sides = matrices.map { $0.shape[0] } + [matrices[last].shape.lastDimension]
  if matrices[0].rank == 1 { sides[0] = 1 }
  if matrices[last].rank == 1 { sides[last + 1] = 1 }
  let count = matrices.count
  var cost = [[Double]](repeating: Array(repeating: 0, count: count), count: count)
  var cut = [[Int]](repeating: Array(repeating: 0, count: count), count: count)
  for length in 1..<count {
    for i in 0..<count - length {
      let j = i + length
      cost[i][j] = .infinity
      for k in i..<j {
        let work = Double(sides[i]) * Double(sides[k + 1]) * Double(sides[j + 1])
        let total = cost[i][k] + cost[k + 1][j] + work
        if total < cost[i][j] { (cost[i][j], cut[i][j]) = (total, k) }
      }
    }
  }
  func product(_ i: Int, _ j: Int) -> Tensor<Scalar> {
    i == j ? matrices[i] : matmul(product(i, cut[i][j]), product(cut[i][j] + 1, j))
  }
  return product(0, last)
}

/// A square matrix to an integer power; negative ones by its inverse. Traps when it is not square;
/// throws as `inverse` does.
public func matrixPower<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ exponent: Int)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  precondition(
    a.rank >= 2 && a.shape[a.rank - 1] == a.shape[a.rank - 2],
    "matrixPower: matrix \(a.shape) is not square")
  var power = exponent < 0 ? try inverse(a) : a
  var rest = exponent.magnitude
  var result: Tensor<Scalar>?
  while rest > 0 {
    if rest & 1 == 1 { result = result.map { matmul($0, power) } ?? power }
    rest >>= 1
    if rest > 0 { power = matmul(power, power) }
  }
  return result ?? Tensor.identity(a.shape.lastDimension).broadcast(to: a.shape)
}
