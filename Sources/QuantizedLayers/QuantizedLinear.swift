public import Autodiff
public import Layers
public import Quantization
public import Tensors

/// x Wᵀ with a frozen matrix W `[out, in]` that stays packed: x `[..., in]`, result `[..., out]`.
///
/// Gradients flow to x. The gradient of W is delivered as factors if `handle` requests it. Both products
/// with W are computed in `arithmetic`. Traps if the shapes do not fit.
public func linear(
  _ x: Variable, _ weight: StoredMatrix, handle: FrozenMatrix? = nil,
  arithmetic: Arithmetic = .float
) -> Variable {
  StoredProduct(shape: weight.shape, arithmetic: arithmetic) { weight }(x, frozen: handle)
}

/// x Wᵀ with a frozen matrix W `[out, in]` that is read for the product and again for its gradient, but
/// not held in between.
public func linear(_ x: Variable, _ weight: DeferredTensor, handle: FrozenMatrix? = nil) -> Variable
{
  StoredProduct(shape: weight.shape, arithmetic: .float) { .dense(weight.tensor()) }(
    x, frozen: handle)
}

private struct StoredProduct: CustomOperation {
  let shape: Shape
  let arithmetic: Arithmetic
  let weight: () -> StoredMatrix

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let x = inputs[0].asRows()
    precondition(
      x.shape[1] == shape[1], "linear: \(inputs[0].shape) does not fit \(shape)")
    context.savedShapes = [inputs[0].shape]
    if context.needsFactors { context.save(x) }
    var y = Tensor<S>(unsafeUninitializedShape: [x.shape[0], shape[0]]) { _ in }
    y.addProductTransposed(x, stored: weight(), keeping: 0, arithmetic: arithmetic)
    return y.reshaped(to: inputs[0].shape.dropLast() + [shape[0]])
  }

  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let d = gradient.asRows().contiguous()
    if context.needsFactors { context.factors = (context.saved[0], d) }
    guard context.needsGradient[0] else { return [nil] }
    var dx = Tensor<S>(unsafeUninitializedShape: [d.shape[0], shape[1]]) { _ in }
    dx.addProduct(d, stored: weight(), keeping: 0, arithmetic: arithmetic)
    return [dx.reshaped(to: context.savedShapes[0])]
  }
}

/// A linear layer with a frozen matrix in a packed format; its bias is trained.
public final class QuantizedLinear: PackedProductLayer {
  /// W `[out, in]`.
  public private(set) var weight: StoredMatrix {
    didSet { weight.count(as: .weights) }
  }
  /// `[out]`.
  public let bias: Parameter?
  /// The handle through which the gradient of W can be requested.
  public let handle = FrozenMatrix()
  /// What x Wᵀ and d W are computed in.
  public var arithmetic = Arithmetic.float

  /// A layer with the given matrix. Traps if the bias does not fit.
  public init(weight: StoredMatrix, bias: Tensor<Float>? = nil) {
    if let bias {
      precondition(
        bias.shape == [weight.shape[0]],
        "QuantizedLinear: bias \(bias.shape) does not fit weight \(weight.shape)")
    }
    self.weight = weight
    weight.count(as: .weights)
    self.bias = bias.map { Parameter($0) }
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

  /// The parts of the packed matrix, the handle and the bias.
  public var members: [ModuleMember] {
    weight.members(named: "weight") + [ModuleMember("weight", .frozen(handle))]
      + (bias.map { [ModuleMember("bias", $0)] } ?? [])
  }
}

extension QuantizedLinear: StoredLayer {
  /// W.
  public var storedFormats: [(name: String, format: WeightFormat?)] { [("weight", weight.format)] }
  /// Bytes of W.
  public var storedByteCounts: (weights: Int, projections: Int) { (weight.byteCount, 0) }

  /// Restores W.
  public func restore(from source: some StoredLayerSource) throws {
    guard let saved = try source.matrix("weight", weight.shape, format: weight.format) else {
      throw source.mismatch("weight", found: "no such matrix", expected: "\(weight.shape)")
    }
    weight = saved
  }
}

/// Makes linear layers with frozen matrices in a packed format.
public struct QuantizedLinearFactory: LinearFactory {
  /// How the matrices are stored.
  public var format: WeightFormat

  /// A factory of matrices in `format`.
  public init(format: WeightFormat = .nf4()) { self.format = format }

  /// Makes a `QuantizedLinear`.
  public func makeLinear(
    weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource
  ) -> any LinearLayer {
    QuantizedLinear(weight: StoredMatrix(storing: weight, as: format), bias: bias)
  }
}

extension StoredMatrix {
  /// The parts as state of a module, `name.part` sorted by name; a dense matrix is `name` itself.
  public func members(named name: String) -> [ModuleMember] {
    if case .dense(let matrix) = self { return [ModuleMember(name, .state(.float(matrix)))] }
    let parts = self.parts
    let bytes = parts.bytes.map { (name + "." + $0.key, StateTensor.bytes($0.value)) }
    let floats = parts.floats.map { (name + "." + $0.key, StateTensor.float($0.value)) }
    return (bytes + floats).sorted { $0.0 < $1.0 }.map { ModuleMember($0.0, .state($0.1)) }
  }
}
