public import Autodiff
public import Tensors

/// A table of vectors, looked up by index.
public struct Embedding: Module {
  /// `[vocabulary, size]`.
  public let weight: Parameter

  /// A layer with the given vectors, `[vocabulary, size]`. Traps if they are not a matrix.
  public init(weight: Tensor<Float>) {
    precondition(weight.rank == 2, "Embedding: weight \(weight.shape) is not a matrix")
    self.weight = Parameter(weight)
  }

  /// A table of `vocabularySize` vectors of `size` elements, read by `name` where the builder reads.
  public init(
    vocabularySize: Int, size: Int, initializer: Initializer = .normal(standardDeviation: 1),
    named name: String? = nil, using builder: LayerBuilder
  ) {
    self.init(weight: builder.tensor([vocabularySize, size], initializer, named: name))
  }

  /// The vectors of `indices`: `[indices.shape..., size]`. Traps on an index outside the table.
  public func callAsFunction(_ indices: Tensor<Int32>) -> Variable {
    embedding(Variable(weight), at: indices)
  }

  /// The same for indices of 64 bits.
  @_disfavoredOverload
  public func callAsFunction(_ indices: Tensor<Int64>) -> Variable {
    embedding(Variable(weight), at: indices)
  }
}
