/// The elements of `a` where `mask` is true and those of `b` elsewhere; all three are broadcast to
/// one shape. Traps when they do not broadcast.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
@_specialize(where Scalar == Int32)
public func select<Scalar: TensorScalar>(
  where mask: Tensor<Bool>, _ a: Tensor<Scalar>, otherwise b: Tensor<Scalar>
) -> Tensor<Scalar> {
  guard let pair = a.shape.broadcast(with: b.shape), let shape = mask.shape.broadcast(with: pair)
  else {
    preconditionFailure(
      "select: mask \(mask.shape) and shapes \(a.shape) and \(b.shape) do not broadcast")
  }
  let x = a.broadcast(to: shape).contiguous()
  let y = b.broadcast(to: shape).contiguous()
  let chosen = mask.broadcast(to: shape).contiguous()
  return Tensor(unsafeUninitializedShape: shape) { out in
    let (m, p, q, target) = (chosen.base, x.base, y.base, out.baseAddress!)
    withExtendedLifetime((chosen.storage, x.storage, y.storage)) {
      parallelFor(shape.elementCount, grain: elementwiseGrain) { range in
        for i in range { target[i] = m[i] ? p[i] : q[i] }
      }
    }
  }
}

extension Tensor {
  /// The elements where `mask`, of the same shape, is true, in row-major order: a vector. Traps when
  /// the shapes differ.
  public func elements(where mask: Tensor<Bool>) -> Tensor {
    precondition(
      mask.shape == shape, "elements(where:): shapes \(shape) and \(mask.shape) differ")
    return withUnsafeBuffer { values in
      mask.withUnsafeBuffer { mask in
        Tensor(mask.indices.lazy.filter { mask[$0] }.map { values[$0] })
      }
    }
  }

  /// Sets the elements where `mask` is true to `value`. Traps when the mask does not broadcast to
  /// this shape.
  public mutating func fill(_ value: Scalar, where mask: Tensor<Bool>) {
    precondition(
      mask.shape.broadcast(with: shape) == shape,
      "fill: mask \(mask.shape) does not broadcast to \(shape)")
    mask.broadcast(to: shape).withUnsafeBuffer { mask in
      withUnsafeMutableBuffer { values in
        for i in mask.indices where mask[i] { values[i] = value }
      }
    }
  }

  /// The element that `indices` names for each place along one axis, as `argsort` and `argmax` give
  /// it: `result[i, j] = self[i, indices[i, j]]` for the last axis of a matrix. `indices` has as
  /// many axes as the tensor. The other axes broadcast; along this one the result has the size of
  /// `indices`. Traps when the shapes do not fit or on an index outside the axis.
  public func takingAlongAxis(_ axis: Int, at indices: Tensor<Int32>) -> Tensor {
    let position = shape.normalized(axis: axis, in: "takingAlongAxis")
    precondition(
      indices.rank == rank, "takingAlongAxis: shapes \(shape) and \(indices.shape) do not fit")
    var sizes = shape.dimensions
    var places = indices.shape.dimensions
    let (size, count) = (sizes[position], places[position])
    (sizes[position], places[position]) = (1, 1)
    guard let lead = Shape(sizes).broadcast(with: Shape(places)) else {
      preconditionFailure("takingAlongAxis: shapes \(shape) and \(indices.shape) do not fit")
    }
    (sizes, places) = (lead.dimensions, lead.dimensions)
    (sizes[position], places[position]) = (size, count)
    let rows = broadcast(to: Shape(sizes)).movingAxis(position, to: -1).contiguous()
    let chosen = indices.broadcast(to: Shape(places)).movingAxis(position, to: -1).contiguous()
    let taken = Tensor(unsafeUninitializedShape: chosen.shape) { out in
      let (source, index) = (rows.base, chosen.base)
      withExtendedLifetime((rows.storage, chosen.storage)) {
        for i in 0..<out.count {
          let place = Int(index[i])
          precondition(
            place >= 0 && place < size,
            "takingAlongAxis: index \(place) outside axis \(axis) of \(shape)")
          out[i] = source[i / count * size + place]
        }
      }
    }
    return taken.movingAxis(-1, to: position)
  }

  /// The same for indices of 64 bits.
  @_disfavoredOverload
  public func takingAlongAxis(_ axis: Int, at indices: Tensor<Int64>) -> Tensor {
    takingAlongAxis(axis, at: indices.narrowed("takingAlongAxis"))
  }
}

/// Each element limited to `bounds`; NaN stays NaN.
public func clamp<Scalar: RealScalar>(_ x: Tensor<Scalar>, to bounds: ClosedRange<Scalar>)
  -> Tensor<Scalar>
{
  minimum(maximum(x, Tensor(bounds.lowerBound)), Tensor(bounds.upperBound))
}
