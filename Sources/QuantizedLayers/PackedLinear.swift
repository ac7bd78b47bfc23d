public import Autodiff
public import Layers
public import Quantization
public import Stepping
public import Tensors

/// A linear layer with a trained matrix in a packed format. Each update is added in full precision and
/// rounded stochastically, so that steps smaller than the distance between levels are not lost on average
/// (Q-GaLore; Zhang et al., arXiv 2407.08296, section 3.3).
///
/// No copy in full precision is kept. The gradient arrives as factors through `handle`, and a `Stepper`
/// applies it to `parameter`, which represents the matrix.
public final class PackedLinear: PackedProductLayer {
  /// W `[out, in]`.
  public private(set) var weight: StoredMatrix {
    didSet { weight.count(as: .weights) }
  }
  /// Represents W in an optimizer; holds the elements only within `update`.
  public let parameter: Parameter
  /// `[out]`.
  public let bias: Parameter?
  /// Delivers the gradient of W.
  public let handle = FrozenMatrix()
  /// What x Wᵀ and d W are computed in; the gradient of W is computed in floats.
  public var arithmetic = Arithmetic.float

  private let random: RandomSource

  /// A layer that starts from W `[out, in]`, rounded to nearest; `random` provides each step's random
  /// numbers for rounding. Traps if the shapes do not fit.
  public init(
    weight: Tensor<Float>, bias: Tensor<Float>? = nil, format: WeightFormat, random: RandomSource
  ) {
    precondition(weight.rank == 2, "PackedLinear: weight \(weight.shape) is not a matrix")
    if let bias {
      precondition(
        bias.shape == [weight.shape[0]],
        "PackedLinear: bias \(bias.shape) does not fit weight \(weight.shape)")
    }
    self.weight = StoredMatrix(storing: weight, as: format)
    self.random = random
    self.weight.count(as: .weights)
    parameter = Parameter(.empty)
    parameter.memoryKind = .scratch
    self.bias = bias.map { Parameter($0) }
    parameter.owner = self
    handle.owner = self
    handle.isGradientRequested = true
  }

  /// Size of the last axis of the input.
  public var inputSize: Int { weight.shape[1] }
  /// Size of the last axis of the output.
  public var outputSize: Int { weight.shape[0] }

  /// y = x Wᵀ + bias.
  public func callAsFunction(_ x: Variable) -> Variable {
    let y = linear(x, weight, handle: handle, arithmetic: arithmetic)
    return bias.map { y + Variable($0) } ?? y
  }

  /// W in full precision.
  public func effectiveWeight() -> Tensor<Float> { weight.dequantized() }

  /// Restores a saved matrix. Traps if it does not fit.
  public func restore(weight: StoredMatrix) {
    precondition(
      weight.shape == self.weight.shape && weight.format == self.weight.format,
      "PackedLinear.restore: \(weight.shape) does not fit \(self.weight.shape)")
    self.weight = weight
  }

  /// The parts of the packed matrix, the handle and the bias.
  public var members: [ModuleMember] {
    weight.members(named: "weight")
      + [ModuleMember("weight", .frozen(handle))]
      + (bias.map { [ModuleMember("bias", $0)] } ?? [])
  }
}

extension PackedLinear: ParameterOwner {
  /// Lets `body` change W in full precision through `parameter`, and stores it rounded stochastically by
  /// random numbers that the step determines.
  public func update(_ parameter: Parameter, step: Int, _ body: (Parameter) throws -> Void) rethrows
  {
    try withElements(of: parameter) { parameter in
      try body(parameter)
      var source = random.split(UInt64(step))
      weight = StoredMatrix(storing: parameter.tensor, as: weight.format, using: &source)
    }
  }

  /// Lets `body` read W in full precision through `parameter`.
  public func withElements<R>(of parameter: Parameter, _ body: (Parameter) throws -> R) rethrows
    -> R
  {
    parameter.tensor = weight.dequantized()
    defer { parameter.tensor = .empty }
    return try body(parameter)
  }
}

extension PackedLinear: StepParticipant {
  /// Gives the parameter the matrix's name in the model.
  public func join(named name: String) { parameter.name = handle.name }

  /// `parameter`.
  public var standInParameters: [Parameter] { [parameter] }

  /// The gradient of W, for `parameter`.
  public func receive(_ gradient: FactoredGradient, _ step: StepContext) -> LayerEvent? {
    .gradient(parameter, AnyTensor(matmul(gradient.d.transposed(), gradient.x)))
  }
}

extension PackedLinear: StoredLayer {
  /// W.
  public var storedFormats: [(name: String, format: WeightFormat?)] { [("weight", weight.format)] }
  /// Bytes of W.
  public var storedByteCounts: (weights: Int, projections: Int) { (weight.byteCount, 0) }

  /// Restores W.
  public func restore(from source: some StoredLayerSource) throws {
    let shape: Shape = [outputSize, inputSize]
    guard let saved = try source.matrix("weight", shape, format: weight.format) else {
      throw source.mismatch("weight", found: "no such matrix", expected: "\(shape)")
    }
    restore(weight: saved)
  }
}

/// Makes linear layers with trained matrices in a packed format.
public struct PackedLinearFactory: LinearFactory {
  /// How the matrices are stored.
  public var format: WeightFormat

  /// A factory of matrices in `format`.
  public init(format: WeightFormat) { self.format = format }

  /// Makes a `PackedLinear`.
  public func makeLinear(
    weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource
  ) -> any LinearLayer {
    PackedLinear(weight: weight, bias: bias, format: format, random: random)
  }
}
