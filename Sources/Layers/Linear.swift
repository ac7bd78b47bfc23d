public import Autodiff
public import Tensors

/// A layer that multiplies with a matrix: y = x Wᵀ (+ bias), x `[..., in]`, y `[..., out]`.
///
/// How W is stored and trained is the layer's own business; models ask a `LayerBuilder` for one.
public protocol LinearLayer: Layer {
  /// Size of the last axis of the input.
  var inputSize: Int { get }
  /// Size of the last axis of the output.
  var outputSize: Int { get }
  /// y for x. Traps when the last axis of x is not `inputSize`.
  func callAsFunction(_ x: Variable) -> Variable
  /// The matrix the layer multiplies with at present, `[out, in]`, in full precision.
  func effectiveWeight() -> Tensor<Float>
}

/// A linear layer with a dense trainable matrix.
public struct Linear: LinearLayer {
  /// `[out, in]`, as in published checkpoints.
  public let weight: Parameter
  /// `[out]`.
  public let bias: Parameter?

  /// A layer of the given initial values. Traps when their shapes do not fit.
  public init(weight: Tensor<Float>, bias: Tensor<Float>? = nil) {
    precondition(weight.rank == 2, "Linear: weight \(weight.shape) is not a matrix")
    precondition(
      bias == nil || bias?.shape == [weight.shape[0]],
      "Linear: bias does not fit weight \(weight.shape)")
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
  }

  /// Size of the last axis of the input.
  public var inputSize: Int { weight.shape[1] }
  /// Size of the last axis of the output.
  public var outputSize: Int { weight.shape[0] }
  /// y = x Wᵀ + bias.
  public func callAsFunction(_ x: Variable) -> Variable {
    linear(x, Variable(weight), bias: bias.map { Variable($0) })
  }
  /// The weight.
  public func effectiveWeight() -> Tensor<Float> { weight.tensor }
}

/// How the matrices of a model's linear layers are held and trained, as a value: dense, or LoQT's
/// quantised ones. Given the initial matrix it makes the layer.
public protocol LinearFactory: Sendable {
  /// A layer that starts from the given matrix `[out, in]` and bias `[out]`.
  ///
  /// - Parameters:
  ///   - weight: The matrix.
  ///   - bias: The bias; nil for none.
  ///   - random: For whatever the layer itself draws.
  func makeLinear(weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource)
    -> any LinearLayer
  /// A layer that starts from a matrix `[out, in]` which can be read again; it is read once and given
  /// to `makeLinear(weight:bias:random:)` unless the layer has a use for reading it later.
  func makeLinear(reading weight: DeferredTensor, bias: Tensor<Float>?, random: RandomSource)
    -> any LinearLayer
}

extension LinearFactory {
  /// A layer that starts from the matrix as it is read now.
  public func makeLinear(reading weight: DeferredTensor, bias: Tensor<Float>?, random: RandomSource)
    -> any LinearLayer
  {
    makeLinear(weight: weight.tensor(), bias: bias, random: random)
  }
}

/// Dense trainable matrices.
public struct DenseLinearFactory: LinearFactory {
  /// Whether the matrices are trained; false freezes them at their start.
  public var isTrainable: Bool

  /// Dense matrices.
  public init(isTrainable: Bool = true) { self.isTrainable = isTrainable }

  /// A `Linear`.
  public func makeLinear(
    weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource
  ) -> any LinearLayer {
    let layer = Linear(weight: weight, bias: bias)
    layer.weight.isTrainable = isTrainable
    return layer
  }
}

/// Hands a model its layers while it is built: the method chosen for its linear layers, and the
/// random numbers for their initial values, independent for each layer.
///
/// ```swift
/// struct Classifier: Module {
///   let hidden, output: any LinearLayer
///   init(using linear: LayerBuilder) { hidden = linear(784, 256); output = linear(256, 10) }
///   func callAsFunction(_ x: Variable) -> Variable { output(relu(hidden(x))) }
/// }
/// let model = Classifier(using: .dense(seed: 1))
/// ```
public final class LayerBuilder {
  private let factory: any LinearFactory
  private let exceptions: [String: any LinearFactory]
  /// How the matrices among the parameters are held.
  public let storage: ParameterStorage
  /// Reads a model's first tensors by their dotted names and shapes; they are drawn where it is nil.
  public var source: (@Sendable (_ name: String, _ shape: Shape) throws -> Tensor<Float>)?
  /// Why a tensor of `source` could not be read while layers were made, the first of them; the tensor
  /// is NaN then.
  public private(set) var failure: (any Error)?
  private let random: RandomSource
  private var made: UInt64 = 0
  private var path: [String] = []

  /// A builder for one model.
  ///
  /// - Parameters:
  ///   - factory: What makes the layers.
  ///   - seed: Decides the initial values.
  ///   - exceptions: What makes the layers of these names instead, as in `q_proj`.
  ///   - storage: How the matrices among the parameters are held: each layer's are brought into it
  ///     as soon as the layer is made.
  public init(
    _ factory: any LinearFactory, seed: UInt64 = 0,
    exceptions: [String: any LinearFactory] = [:], storage: ParameterStorage = .float32
  ) {
    self.storage = storage
    self.factory = factory
    self.exceptions = exceptions
    random = RandomSource(seed: seed)
  }

  /// Dense trainable matrices.
  public static func dense(seed: UInt64 = 0) -> LayerBuilder {
    LayerBuilder(DenseLinearFactory(), seed: seed)
  }

  /// Puts a name before those of the layers that `body` makes, as their model's members have it.
  public func within<R>(_ name: String, _ body: () throws -> R) rethrows -> R {
    path.append(name)
    defer { path.removeLast() }
    return try body()
  }

  /// A linear layer from `inputSize` to `outputSize`.
  ///
  /// - Parameters:
  ///   - inputSize: Features of its input.
  ///   - outputSize: Features of its output.
  ///   - bias: Whether it has a bias, which starts at 0.
  ///   - initializer: The initial values of its matrix.
  ///   - name: By which an exception may be made for it, and its tensors are read.
  public func callAsFunction(
    _ inputSize: Int, _ outputSize: Int, bias: Bool = false,
    initializer: Initializer = .uniformFanIn, named name: String = ""
  ) -> any LinearLayer {
    var random = nextRandom()
    let factory = exceptions[name] ?? factory
    let layer: any LinearLayer
    if let weight = deferred(name + ".weight", [outputSize, inputSize]) {
      layer = factory.makeLinear(
        reading: weight, bias: bias ? read(name + ".bias", [outputSize]) : nil,
        random: random.split("layer"))
      failure = failure ?? weight.failure
    } else {
      layer = factory.makeLinear(
        weight: initializer([outputSize, inputSize], using: &random),
        bias: bias ? .zeros([outputSize]) : nil, random: random.split("layer"))
    }
    for parameter in layer.parameters where parameter.shape.rank == 2 {
      parameter.storage = storage
    }
    return layer
  }

  /// Initial values of something else than a linear layer's matrix.
  ///
  /// - Parameters:
  ///   - shape: Their shape.
  ///   - initializer: What draws them.
  ///   - name: By which they are read; they are drawn where it is left out.
  public func tensor(_ shape: Shape, _ initializer: Initializer, named name: String? = nil)
    -> Tensor<Float>
  {
    var random = nextRandom()
    return name.flatMap { read($0, shape) } ?? initializer(shape, using: &random)
  }

  private func read(_ name: String, _ shape: Shape) -> Tensor<Float>? {
    guard let tensor = deferred(name, shape) else { return nil }
    defer { failure = failure ?? tensor.failure }
    return tensor.tensor()
  }

  private func deferred(_ name: String, _ shape: Shape) -> DeferredTensor? {
    guard let source else { return nil }
    let name = (path + [name]).joined(separator: ".")
    return DeferredTensor(shape: shape) { try source(name, shape) }
  }

  /// Random numbers for another layer's initial values.
  public func nextRandom() -> RandomSource {
    made += 1
    return random.split(made)
  }
}
