public import Autodiff
public import Tensors

/// A layer that multiplies by a matrix: y = x Wᵀ (+ bias), x `[..., in]`, y `[..., out]`.
///
/// The layer decides how W is stored and trained; models obtain their layers from a `LayerBuilder`.
public protocol LinearLayer: Layer {
  /// Size of the last axis of the input.
  var inputSize: Int { get }
  /// Size of the last axis of the output.
  var outputSize: Int { get }
  /// y for x. Traps when the last axis of x is not `inputSize`.
  func callAsFunction(_ x: Variable) -> Variable
  /// The matrix that the layer multiplies by at present, `[out, in]`, in full precision.
  func effectiveWeight() -> Tensor<Float>
}

/// A linear layer with a dense trainable matrix.
public struct Linear: LinearLayer {
  /// `[out, in]`, as in published checkpoints.
  public let weight: Parameter
  /// `[out]`.
  public let bias: Parameter?

  /// A layer with the given initial values. Traps if their shapes do not fit.
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

/// Makes a linear layer from an initial matrix, and so decides how the matrices of a model are held and
/// trained.
public protocol LinearFactory: Sendable {
  /// A layer that starts from the given matrix `[out, in]` and bias `[out]`.
  ///
  /// - Parameters:
  ///   - weight: The matrix.
  ///   - bias: The bias; nil for none.
  ///   - random: The source of random numbers for the layer itself.
  func makeLinear(weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource)
    -> any LinearLayer
  /// A layer that starts from a matrix `[out, in]` which can be read repeatedly. By default it is read
  /// once and passed to `makeLinear(weight:bias:random:)`.
  func makeLinear(reading weight: DeferredTensor, bias: Tensor<Float>?, random: RandomSource)
    -> any LinearLayer
}

extension LinearFactory {
  /// Reads the matrix and passes it to `makeLinear(weight:bias:random:)`.
  public func makeLinear(reading weight: DeferredTensor, bias: Tensor<Float>?, random: RandomSource)
    -> any LinearLayer
  {
    makeLinear(weight: weight.tensor(), bias: bias, random: random)
  }
}

/// Makes linear layers with dense matrices.
public struct DenseLinearFactory: LinearFactory {
  /// Whether the matrices are trained, or frozen at their initial values.
  public var isTrainable: Bool

  /// A factory of dense matrices.
  public init(isTrainable: Bool = true) { self.isTrainable = isTrainable }

  /// Makes a `Linear`.
  public func makeLinear(
    weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource
  ) -> any LinearLayer {
    let layer = Linear(weight: weight, bias: bias)
    layer.weight.isTrainable = isTrainable
    return layer
  }
}

/// Makes the layers of a model while it is built, by the chosen method and with independent random
/// numbers for each layer's initial values.
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
  /// How matrix parameters are held.
  public let storage: ParameterStorage
  /// Reads a model's initial tensors by their dotted names and shapes; nil to draw them.
  public var source: (@Sendable (_ name: String, _ shape: Shape) throws -> Tensor<Float>)?
  /// The first error in reading a tensor of `source` while layers were made; that tensor is all NaN.
  public private(set) var failure: (any Error)?
  private let random: RandomSource
  private var made: UInt64 = 0
  private var path: [String] = []

  /// A builder for one model.
  ///
  /// - Parameters:
  ///   - factory: The factory of the layers.
  ///   - seed: The seed of the initial values.
  ///   - exceptions: Other factories for layers with certain names, such as `q_proj`.
  ///   - storage: How matrix parameters are held; each layer's are converted as soon as it is made.
  public init(
    _ factory: any LinearFactory, seed: UInt64 = 0,
    exceptions: [String: any LinearFactory] = [:], storage: ParameterStorage = .float32
  ) {
    self.storage = storage
    self.factory = factory
    self.exceptions = exceptions
    random = RandomSource(seed: seed)
  }

  /// A builder of dense trainable layers.
  public static func dense(seed: UInt64 = 0) -> LayerBuilder {
    LayerBuilder(DenseLinearFactory(), seed: seed)
  }

  /// Prefixes the names of the layers that `body` makes with `name`, as the model's members do.
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
  ///   - name: The name that selects an exception and under which its tensors are read.
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

  /// Initial values of a tensor other than a linear layer's matrix.
  ///
  /// - Parameters:
  ///   - shape: Their shape.
  ///   - initializer: Draws them if they are not read.
  ///   - name: The name under which they are read; they are drawn when left out.
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

  /// The random numbers for the next layer's initial values.
  public func nextRandom() -> RandomSource {
    made += 1
    return random.split(made)
  }
}
