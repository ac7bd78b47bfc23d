/// The solution x of `tensorProduct(a, x) = b` over all axes of x: `a` is `[b.shape..., x.shape...]` with as
/// many elements on either side. Traps when the shapes do not fit; throws as `solve` does.
public func tensorSolve<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  let sizes = Array(a.shape.dropFirst(b.rank))
  precondition(
    Array(a.shape.prefix(b.rank)) == b.shape.dimensions
      && sizes.reduce(1, *) == b.elementCount,
    "tensorSolve: shapes \(a.shape) and \(b.shape) do not fit")
  let matrix = a.reshaped(to: Shape([b.elementCount, b.elementCount]))
  return try solve(matrix, b.flattened()).reshaped(to: Shape(sizes))
}

/// The inverse of a tensor as a map from its last axes to its first `axes` axes, with as many elements on
/// either side: `tensorProduct` of both over these axes is the identity. Traps when the shape does not
/// fit; throws as `inverse` does.
public func tensorInverse<Scalar: RealScalar>(_ a: Tensor<Scalar>, axes: Int = 2)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  let (first, last) = (Array(a.shape.prefix(axes)), Array(a.shape.dropFirst(axes)))
  let size = first.reduce(1, *)
  precondition(
    axes > 0 && last.reduce(1, *) == size, "tensorInverse: \(axes) axes of shape \(a.shape)")
  return try inverse(a.reshaped(to: Shape([size, size]))).reshaped(to: Shape(last + first))
}

/// The inner products of vectors along the last axis, with broadcasting of the others: `[...]`. Traps when
/// the shapes do not fit.
public func vectorDot<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  -> Tensor<Scalar>
{
  precondition(
    a.rank > 0 && b.rank > 0 && a.shape.lastDimension == b.shape.lastDimension,
    "vectorDot: shapes \(a.shape) and \(b.shape) do not fit")
  return matmul(a.expandingShape(at: -2), b.expandingShape(at: -1))
    .squeezingShape(at: -1).squeezingShape(at: -1)
}

extension Tensor where Scalar: RealScalar {
  /// The norms of order p, `(sum |x|^p)^(1/p)`, along the given axes, which disappear: the largest
  /// magnitude for infinity, the smallest for -infinity, the number of elements other than 0 for 0.
  public func norm(order: Scalar, squeezingAxes axes: [Int]) -> Tensor {
    let sizes = Tensors.abs(self)
    switch order {
    case .infinity: return sizes.maximum(squeezingAxes: axes)
    case -.infinity: return sizes.minimum(squeezingAxes: axes)
    case 0: return (self .!= 0).trueCount(squeezingAxes: axes).converted(to: Scalar.self)
    case 1: return sizes.sum(squeezingAxes: axes)
    case 2: return norm(squeezingAxes: axes)
    default: return pow(pow(sizes, order).sum(squeezingAxes: axes), 1 / order)
    }
  }
}
