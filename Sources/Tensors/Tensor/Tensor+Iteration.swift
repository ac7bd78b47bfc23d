/// The parts of a tensor along its first axis, each a view without it: the rows of a matrix.
public struct TensorSlices<Scalar: TensorScalar>: RandomAccessCollection, Sendable {
  private let tensor: Tensor<Scalar>

  fileprivate init(_ tensor: Tensor<Scalar>) {
    precondition(tensor.rank > 0, "slices: a scalar has no axis to go along")
    self.tensor = tensor
  }

  /// 0.
  public var startIndex: Int { 0 }
  /// The size of the first axis.
  public var endIndex: Int { tensor.shape[0] }
  /// The part at a position.
  public subscript(position: Int) -> Tensor<Scalar> { tensor.element(at: position) }
}

extension Tensor {
  /// The parts along the first axis, to go through: `for row in matrix.slices`. Those of a vector are
  /// tensors of the empty shape; its elements as numbers are `scalars`. Traps for a scalar.
  public var slices: TensorSlices<Scalar> { TensorSlices(self) }
}
