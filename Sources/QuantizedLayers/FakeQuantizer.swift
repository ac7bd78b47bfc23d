public import Autodiff
public import Layers
internal import Quantization
public import Tensors

/// A module that simulates quantisation: it rounds its input to the levels of a method and lets gradients
/// through. Its only parameter is the learned step, if the method has one.
public struct FakeQuantizer: Module {
  /// The method of rounding.
  public let method: FakeQuantization
  /// The learned step `[]`; nil for methods that derive their levels from the input.
  public let step: Parameter?

  /// A quantiser of numbers like `values`, which determine the initial value of a learned step:
  /// 2 mean |x| / sqrt Qp (LSQ, section 2.1). Traps if the method does not support its number of bits.
  public init(_ method: FakeQuantization, for values: Tensor<Float>) {
    precondition(
      (method.leastBits...8).contains(method.bits),
      "FakeQuantizer: \(method) does not have \(method.leastBits) to 8 bits")
    self.method = method
    guard case .learnedStep(let bits, let isSigned) = method else {
      step = nil
      return
    }
    let mean = values.elementCount == 0 ? 0 : Tensors.abs(values).mean()
    let largest = LearnedStep(bits: bits, isSigned: isSigned).largest
    step = Parameter(Tensor(max(2 * mean / Float(largest).squareRoot(), LearnedStep.leastStep)))
  }

  /// x rounded to levels, of the same shape. Traps if groups do not divide the rows of x.
  public func callAsFunction(_ x: Variable) -> Variable {
    switch method {
    case .uniform(let bits, let symmetry, let grouping):
      StraightThrough(.uniform(levels: 1 << bits, symmetry), grouping)(x)
    case .ternary(let grouping): StraightThrough(.ternary, grouping)(x)
    case .binary(let grouping): StraightThrough(.binary, grouping)(x)
    case .doReFaWeights(let bits):
      StraightThrough(.fractions(levels: 1 << bits, isSigned: true), .tensor)(normalized(tanh(x)))
    case .doReFaActivations(let bits):
      StraightThrough(.fractions(levels: 1 << bits, isSigned: false), .tensor)(x)
    case .learnedStep(let bits, let isSigned):
      LearnedStep(bits: bits, isSigned: isSigned)(x, Variable(step!))
    }
  }

  /// t divided by its largest magnitude, a constant for gradients; unchanged if all zeros.
  private func normalized(_ t: Variable) -> Variable {
    let largest = t.shape.elementCount == 0 ? 0 : Tensors.abs(t.tensor).maximum()
    return largest == 0 ? t : t * (1 / Double(largest))
  }
}

/// A linear layer with a fake-quantised matrix, and optionally fake-quantised inputs:
/// y = q(x) q(W)ᵀ + bias. W and bias are trained in full precision.
public struct FakeQuantizedLinear: LinearLayer {
  /// W `[out, in]`.
  public let weight: Parameter
  /// `[out]`.
  public let bias: Parameter?
  /// The quantiser of W.
  public let weightQuantizer: FakeQuantizer
  /// The quantiser of the input, if any.
  public let inputQuantizer: FakeQuantizer?

  /// A layer with the given initial values. A learned step for inputs starts as for standard normal
  /// numbers. Traps if the bias does not fit, or if a method does not support its number of bits.
  public init(
    weight: Tensor<Float>, bias: Tensor<Float>? = nil, quantizing method: FakeQuantization,
    inputs: FakeQuantization? = nil
  ) {
    precondition(weight.rank == 2, "FakeQuantizedLinear: weight \(weight.shape) is not a matrix")
    precondition(
      bias == nil || bias?.shape == [weight.shape[0]],
      "FakeQuantizedLinear: bias does not fit weight \(weight.shape)")
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
    weightQuantizer = FakeQuantizer(method, for: weight)
    // The mean magnitude of standard normal numbers is sqrt(2 / pi).
    inputQuantizer = inputs.map { FakeQuantizer($0, for: Tensor([0.797_884_6])) }
  }

  /// Size of the last axis of the input.
  public var inputSize: Int { weight.shape[1] }
  /// Size of the last axis of the output.
  public var outputSize: Int { weight.shape[0] }

  /// y = q(x) q(W)ᵀ + bias.
  public func callAsFunction(_ x: Variable) -> Variable {
    linear(
      inputQuantizer.map { $0(x) } ?? x, weightQuantizer(Variable(weight)),
      bias: bias.map { Variable($0) })
  }

  /// The quantised weight.
  public func effectiveWeight() -> Tensor<Float> {
    withoutGradient { weightQuantizer(Variable(weight)).tensor }
  }
}

/// Makes linear layers whose trainable matrices are fake-quantised in use.
public struct FakeQuantizedLinearFactory: LinearFactory {
  /// How matrices are rounded.
  public var weights: FakeQuantization
  /// How inputs are rounded; nil for not at all.
  public var inputs: FakeQuantization?

  /// A factory with the given rounding of matrices and, optionally, inputs.
  public init(weights: FakeQuantization, inputs: FakeQuantization? = nil) {
    self.weights = weights
    self.inputs = inputs
  }

  /// Makes a `FakeQuantizedLinear`.
  public func makeLinear(
    weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource
  ) -> any LinearLayer {
    FakeQuantizedLinear(weight: weight, bias: bias, quantizing: weights, inputs: inputs)
  }
}
