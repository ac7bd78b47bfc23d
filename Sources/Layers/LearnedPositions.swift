public import Autodiff
public import Tensors

/// Adds a trained vector of its position to the vector of each token.
public struct LearnedPositions: Layer {
  /// The vectors of the positions, `[positions, size]`.
  public let weight: Parameter
  /// The row of the first position; 2 in RoBERTa.
  public let offset: Int

  /// A table for sequences of up to `count` tokens of `size` elements, which a reading builder reads under
  /// `name`. Traps on a negative offset.
  public init(
    count: Int, size: Int, offset: Int = 0,
    initializer: Initializer = .normal(standardDeviation: 0.02), named name: String? = nil,
    using builder: LayerBuilder
  ) {
    precondition(offset >= 0, "LearnedPositions: offset \(offset) is negative")
    weight = Parameter(builder.tensor([count + offset, size], initializer, named: name))
    self.offset = offset
  }

  /// The longest sequence.
  public var count: Int { weight.shape[0] - offset }

  /// x `[batch, tokens, size]` with the positions' vectors added. Traps on more than `count` tokens.
  public func callAsFunction(_ x: Variable) -> Variable {
    precondition(
      x.shape.rank == 3 && x.shape[1] <= count,
      "LearnedPositions: x \(x.shape) is not [batch, at most \(count), \(weight.shape[1])]")
    return x + Variable(weight).sliced(offset..<offset + x.shape[1])
  }

  /// x `[batch, tokens, size]` with the vectors of `positions` `[batch, tokens]` added. Traps on a
  /// position outside the table.
  public func callAsFunction(_ x: Variable, at positions: Tensor<Int32>) -> Variable {
    x + embedding(Variable(weight), at: offset == 0 ? positions : positions + Int32(offset))
  }
}
