/// A matrix known by its products with blocks of vectors, so that a large one need not be formed.
public protocol LinearOperator<Scalar>: Sendable {
  /// The scalar of the matrix and of the blocks.
  associatedtype Scalar: RealScalar

  /// The number of rows of the matrix.
  var rows: Int { get }
  /// The number of columns of the matrix.
  var columns: Int { get }
  /// The product with a block `[columns, k]`: `[rows, k]`.
  func apply(_ block: Tensor<Scalar>) -> Tensor<Scalar>
  /// The product of the transposed matrix with a block `[rows, k]`: `[columns, k]`.
  func applyTransposed(_ block: Tensor<Scalar>) -> Tensor<Scalar>

  /// The product of the matrix for `left`, `[rows, count]`, or of its transpose for `right`,
  /// `[columns, count]`, with a random matrix: a sample of the range. By default the random matrix
  /// is Gaussian.
  func sample(_ count: Int, of side: SingularSide, using source: inout RandomSource)
    -> Tensor<Scalar>
  /// Factors `[tokens, rows]` and `[tokens, columns]` whose product `leftᵀ right` is the matrix;
  /// nil, the default, if it is not known as one.
  var factors: (left: Tensor<Scalar>, right: Tensor<Scalar>)? { get }
  /// A number that the rank cannot exceed; by default the shorter side.
  var rankBound: Int { get }
  /// Multiply-adds of the product with one vector.
  var productCost: Int { get }
  /// Multiply-adds of forming the matrix.
  var denseCost: Int { get }
  /// The matrix itself, `[rows, columns]`.
  func dense() -> Tensor<Scalar>
  /// The Gram matrix of `scale` times the matrix on one side: the inner products of its rows,
  /// `[rows, rows]`, for `left`; of its columns, `[columns, columns]`, for `right`.
  func gram(_ side: SingularSide, scale: Scalar) -> Tensor<Scalar>
}

/// A side of a matrix: its rows and left singular vectors, or its columns and right ones.
public enum SingularSide: Hashable, Sendable {
  case left, right
}

extension LinearOperator {
  /// A Gaussian sample.
  public func sample(_ count: Int, of side: SingularSide, using source: inout RandomSource)
    -> Tensor<Scalar>
  {
    side == .left
      ? apply(.normal([columns, count], using: &source))
      : applyTransposed(.normal([rows, count], using: &source))
  }
  /// No factors.
  public var factors: (left: Tensor<Scalar>, right: Tensor<Scalar>)? { nil }
  /// The shorter side.
  public var rankBound: Int { min(rows, columns) }
  /// The cost for a dense matrix.
  public var productCost: Int { rows * columns }
  /// A product with every column of the identity.
  public var denseCost: Int { columns * productCost }
  /// The product with the identity.
  public func dense() -> Tensor<Scalar> { apply(.identity(columns)) }
  /// The Gram matrix of `dense()`.
  public func gram(_ side: SingularSide, scale: Scalar) -> Tensor<Scalar> {
    let matrix = scale == 1 ? dense() : dense() * scale
    let columns = side == .left ? matrix.transposed() : matrix
    return Tensor.lowerProduct(columns, columns).mirrored()
  }
  /// The side with fewer singular vectors; left if equal.
  public var shorterSide: SingularSide { rows <= columns ? .left : .right }
}

/// A matrix held densely.
public struct DenseOperator<Scalar: RealScalar>: LinearOperator {
  /// The matrix, `[rows, columns]`.
  public let matrix: Tensor<Scalar>

  /// The operator of a matrix. Traps if the tensor is not a matrix.
  public init(_ matrix: Tensor<Scalar>) {
    precondition(matrix.rank == 2, "DenseOperator: shape \(matrix.shape) is not a matrix")
    self.matrix = matrix
  }

  /// The number of rows.
  public var rows: Int { matrix.shape[0] }
  /// The number of columns.
  public var columns: Int { matrix.shape[1] }
  /// 0: the matrix is already formed.
  public var denseCost: Int { 0 }
  /// The product with a block `[columns, k]`: `[rows, k]`.
  public func apply(_ block: Tensor<Scalar>) -> Tensor<Scalar> { matmul(matrix, block) }
  /// The product of the transpose with a block `[rows, k]`: `[columns, k]`.
  public func applyTransposed(_ block: Tensor<Scalar>) -> Tensor<Scalar> {
    matmul(matrix.transposed(), block)
  }
  /// A sample by sparse random signs, which needs no matrix product.
  public func sample(_ count: Int, of side: SingularSide, using source: inout RandomSource)
    -> Tensor<Scalar>
  {
    (side == .left ? matrix : matrix.transposed()).sketchingColumns(to: count, using: &source)
  }
  /// The matrix.
  public func dense() -> Tensor<Scalar> { matrix }
}

/// The product `leftᵀ right` of two tall factors, such as the gradient of a linear layer's weight,
/// which is that of its inputs and the gradients of its outputs, summed over tokens. Only `dense()`
/// forms the product.
public struct FactoredOperator<Scalar: RealScalar>: LinearOperator {
  /// `[tokens, rows]`.
  public let left: Tensor<Scalar>
  /// `[tokens, columns]`.
  public let right: Tensor<Scalar>

  /// The operator `leftᵀ right` of `left` `[tokens, rows]` and `right` `[tokens, columns]`. Traps
  /// when the shapes do not fit.
  public init(_ left: Tensor<Scalar>, _ right: Tensor<Scalar>) {
    precondition(
      left.rank == 2 && right.rank == 2 && left.shape[0] == right.shape[0],
      "FactoredOperator: shapes \(left.shape) and \(right.shape) do not fit")
    self.left = left
    self.right = right
  }

  /// The number of rows.
  public var rows: Int { left.shape[1] }
  /// The number of columns.
  public var columns: Int { right.shape[1] }
  private var tokens: Int { left.shape[0] }
  /// The shorter side, or the number of tokens when that is less.
  public var rankBound: Int { min(rows, columns, tokens) }
  /// The products with both factors.
  public var productCost: Int { tokens * (rows + columns) }
  /// The product of the factors.
  public var denseCost: Int { tokens * rows * columns }
  /// The product with a block `[columns, k]`: `[rows, k]`.
  public func apply(_ block: Tensor<Scalar>) -> Tensor<Scalar> {
    matmul(left.transposed(), matmul(right, block))
  }
  /// The product of the transpose with a block `[rows, k]`: `[columns, k]`.
  public func applyTransposed(_ block: Tensor<Scalar>) -> Tensor<Scalar> {
    matmul(right.transposed(), matmul(left, block))
  }
  /// A sample: the far factor sketched by sparse random signs, times the near one.
  public func sample(_ count: Int, of side: SingularSide, using source: inout RandomSource)
    -> Tensor<Scalar>
  {
    let (near, far) = side == .left ? (left, right) : (right, left)
    return matmul(near.transposed(), far.sketchingColumns(to: count, using: &source))
  }
  /// The factors.
  public var factors: (left: Tensor<Scalar>, right: Tensor<Scalar>)? { (left, right) }
  /// The product of the factors, `[rows, columns]`.
  public func dense() -> Tensor<Scalar> { matmul(left.transposed(), right) }
  /// The Gram matrix, summed over panels of the other side.
  public func gram(_ side: SingularSide, scale: Scalar) -> Tensor<Scalar> {
    let (near, far) = side == .left ? (left, right) : (right, left)
    let size = near.shape[1]
    var result = Tensor<Scalar>.zeros([size, size])
    let width = 256
    for start in stride(from: 0, to: far.shape[1], by: width) {
      let columns = far.sliced(start..<min(start + width, far.shape[1]), alongAxis: 1)
      var panel = matmul(near.transposed(), columns)
      if scale != 1 { panel *= scale }
      result.addProduct(panel, panel.transposed())
    }
    return result
  }
}

/// The shape of an operator as the caller gave it, before it was transposed.
func givenShape(of a: some LinearOperator) -> Shape {
  (a as? any TurnedOperator)?.givenShape ?? [a.rows, a.columns]
}

private protocol TurnedOperator { var givenShape: Shape { get } }

/// The transposed matrix.
struct TransposedOperator<Base: LinearOperator>: LinearOperator, TurnedOperator {
  let base: Base
  fileprivate var givenShape: Shape { Tensors.givenShape(of: base) }
  var rows: Int { base.columns }
  var columns: Int { base.rows }
  var rankBound: Int { base.rankBound }
  var productCost: Int { base.productCost }
  var denseCost: Int { base.denseCost }
  func apply(_ block: Tensor<Base.Scalar>) -> Tensor<Base.Scalar> { base.applyTransposed(block) }
  func applyTransposed(_ block: Tensor<Base.Scalar>) -> Tensor<Base.Scalar> { base.apply(block) }
  func sample(_ count: Int, of side: SingularSide, using source: inout RandomSource)
    -> Tensor<Base.Scalar>
  {
    base.sample(count, of: side == .left ? .right : .left, using: &source)
  }
  var factors: (left: Tensor<Base.Scalar>, right: Tensor<Base.Scalar>)? {
    base.factors.map { ($0.right, $0.left) }
  }
  func dense() -> Tensor<Base.Scalar> { base.dense().transposed() }
  func gram(_ side: SingularSide, scale: Base.Scalar) -> Tensor<Base.Scalar> {
    base.gram(side == .left ? .right : .left, scale: scale)
  }
}
