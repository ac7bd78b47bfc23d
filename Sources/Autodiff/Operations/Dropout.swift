public import Tensors

/// In training mode, x with each element set to 0 with probability `rate` and divided by 1 - `rate`
/// otherwise (Srivastava et al., 2014); x itself in evaluation. See `withTrainingMode`.
///
/// Saves nothing, since the backward pass draws the mask again. Traps unless `rate` is in `0..<1`.
public func dropout(_ x: Variable, rate: Double) -> Variable {
  guard let random = TrainingMode.nextRandom() else { return x }
  return dropout(x, rate: rate, random: random)
}

/// `dropout` in both training and evaluation, with a mask drawn from `random`.
public func dropout(_ x: Variable, rate: Double, random: RandomSource) -> Variable {
  rate == 0 ? x : Dropout(rate: rate, random: random)(x)
}

private struct Dropout: CustomOperation {
  let rate: Double
  let random: RandomSource

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    dropout(inputs[0], rate: rate, random: random)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    [dropout(gradient, rate: rate, random: random)]
  }
}
