public import Autodiff
public import Layers
internal import Quantization
public import Tensors

/// Simulated quantisation as a part of a model: rounds what it is given to few levels and lets
/// gradients through. A learned step is its parameter.
public struct FakeQuantizer: Module {
  /// How numbers become levels.
  public let method: FakeQuantization
  /// The learned step `[]`; nil for the methods that take their levels from the numbers.
  public let step: Parameter?

  /// A quantiser of numbers like `values`, from which a learned step starts: 2 mean |x| / sqrt Qp
  /// (LSQ, section 2.1). Traps for a number of bits that the method does not have.
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

  /// x rounded to levels, of the same shape. Traps for groups that do not divide the rows of x.
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

  /// t over its largest magnitude as a constant; zeros stay.
  private func normalized(_ t: Variable) -> Variable {
    let largest = t.shape.elementCount == 0 ? 0 : Tensors.abs(t.tensor).maximum()
    return largest == 0 ? t : t * (1 / Double(largest))
  }
}

/// A linear layer that multiplies with a fake-quantised matrix, and with fake-quantised inputs where
/// it has a quantiser for them: y = q(x) q(W)ᵀ + bias. W and bias are trained in full precision.
public struct FakeQuantizedLinear: LinearLayer {
  /// W `[out, in]`.
  public let weight: Parameter
  /// `[out]`.
  public let bias: Parameter?
  /// What W goes through.
  public let weightQuantizer: FakeQuantizer
  /// What the input goes through, if anything.
  public let inputQuantizer: FakeQuantizer?

  /// A layer of the given initial values. A learned step for inputs starts as for normal numbers of
  /// deviation 1. Traps when the bias does not fit, and for a number of bits that a method does not
  /// have.
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
    // The mean magnitude of normal numbers is sqrt(2 / pi).
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

/// Trainable matrices that are multiplied with as if they had few bits.
public struct FakeQuantizedLinearFactory: LinearFactory {
  /// How matrices are rounded.
  public var weights: FakeQuantization
  /// How inputs are rounded; nil leaves them as they are.
  public var inputs: FakeQuantization?

  /// Matrices, and inputs if wanted, rounded like this.
  public init(weights: FakeQuantization, inputs: FakeQuantization? = nil) {
    self.weights = weights
    self.inputs = inputs
  }

  /// A `FakeQuantizedLinear`.
  public func makeLinear(
    weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource
  ) -> any LinearLayer {
    FakeQuantizedLinear(weight: weight, bias: bias, quantizing: weights, inputs: inputs)
  }
}
