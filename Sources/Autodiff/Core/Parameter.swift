public import Tensors

/// How a parameter's elements are held. Arithmetic is in single precision either way.
public enum ParameterStorage: String, Sendable, Hashable, Codable, CaseIterable {
  /// Single precision, 4 bytes per element.
  case float32
  /// 2 bytes per element, rounded stochastically when an optimizer changes them, so that steps smaller
  /// than the distance between numbers are not lost on average.
  case bfloat16 = "bf16"

  /// Bytes per element.
  public var byteCount: Int { self == .float32 ? 4 : 2 }
}

/// A trainable tensor: a reference with an identity, a name and a value.
///
/// Parameters are deliberately not Sendable, since a training run stays in one isolation domain.
public final class Parameter {
  /// The value if it is held in 16 bits, which optimizers change in place; nil otherwise.
  public var halfTensor: Tensor<BFloat16>?
  private var single: Tensor<Float>
  /// A double-precision value that replaces `tensor` in a gradient check.
  public var doubleTensor: Tensor<Double>?
  /// The dotted name within its model, as in published checkpoints; set by the model.
  public var name: String
  /// Whether backpropagation computes its gradient.
  public var isTrainable: Bool

  /// The object that holds the elements in another form and provides them for an update; nil for an
  /// ordinary parameter.
  public weak var owner: (any ParameterOwner)?

  /// The kind that its buffer is counted as.
  public var memoryKind = TensorMemory.Kind.weights {
    didSet { count() }
  }

  let node = Node()

  /// A parameter that starts at `tensor`.
  public init(_ tensor: Tensor<Float>, name: String = "", isTrainable: Bool = true) {
    single = tensor
    self.name = name
    self.isTrainable = isTrainable
    count()
    node.leaf = .parameter(Weak(self))
  }

  /// The value in single precision. If it is held in 16 bits this is a copy, and setting it rounds to
  /// nearest.
  public var tensor: Tensor<Float> {
    get { halfTensor?.converted(to: Float.self) ?? single }
    set {
      if halfTensor == nil { single = newValue } else { halfTensor = newValue.converted() }
      count()
    }
    _modify {
      defer { count() }
      if halfTensor == nil {
        yield &single
      } else {
        var value = halfTensor!.converted(to: Float.self)
        halfTensor = .empty
        yield &value
        halfTensor = value.converted()
      }
    }
  }

  /// How the elements are held. Changing to 16 bits rounds to nearest.
  public var storage: ParameterStorage {
    get { halfTensor == nil ? .float32 : .bfloat16 }
    set {
      switch (storage, newValue) {
      case (.float32, .bfloat16):
        halfTensor = single.converted()
        single = .empty
      case (.bfloat16, .float32):
        single = tensor
        halfTensor = nil
      default: break
      }
      count()
    }
  }

  /// Lets an optimizer change the value in single precision; a value held in 16 bits is rounded
  /// stochastically afterwards.
  ///
  /// - Parameters:
  ///   - step: The step of the run, which together with the name determines the random numbers.
  ///   - body: Changes the value.
  public func update(step: Int, _ body: (inout Tensor<Float>) -> Void) {
    defer { count() }
    guard halfTensor != nil else { return body(&single) }
    var value = tensor
    halfTensor = .empty
    body(&value)
    var source = rounding(step: step)
    halfTensor = value.converted(to: BFloat16.self, using: &source)
  }

  private func count() {
    if let halfTensor { halfTensor.count(as: memoryKind) } else { single.count(as: memoryKind) }
  }

  /// The random numbers for rounding to 16 bits in a step.
  public func rounding(step: Int) -> RandomSource {
    RandomSource(seed: UInt64(bitPattern: Int64(step))).split(name)
  }

  /// The value in its stored precision.
  var value: AnyTensor {
    doubleTensor.map(AnyTensor.double) ?? halfTensor.map(AnyTensor.bfloat16) ?? .float(single)
  }

  /// The sizes of the axes.
  public var shape: Shape { halfTensor?.shape ?? single.shape }

  /// Bytes of the stored elements.
  public var byteCount: Int { halfTensor?.byteCount ?? single.byteCount }
}

/// Holds the elements of a parameter in another form, such as a packed matrix. The parameter has its
/// elements only while the owner provides them.
public protocol ParameterOwner: AnyObject {
  /// Lets `body` read the elements through the parameter.
  func withElements<R>(of parameter: Parameter, _ body: (Parameter) throws -> R) rethrows -> R

  /// Lets `body` change the elements through the parameter, and stores them.
  ///
  /// - Parameters:
  ///   - parameter: The parameter, which has its elements while `body` runs.
  ///   - step: The step of the run, which determines the random numbers for rounding.
  ///   - body: Changes the elements.
  func update(_ parameter: Parameter, step: Int, _ body: (Parameter) throws -> Void) rethrows
}

/// The handle of a matrix `[out, in]` that is not trained by backpropagation, but whose gradient can be
/// requested.
///
/// The gradient of a linear operation for its frozen weight is dᵀ x, with x `[tokens, in]` the
/// operation's input and d `[tokens, out]` the gradient of its output. It is delivered as these two
/// factors and never formed.
public final class FrozenMatrix {
  /// The dotted name within its model.
  public var name: String
  /// Whether forward passes save what the gradient needs, and backward passes deliver it.
  public var isGradientRequested = false
  /// The layer that holds the matrix and receives the gradient in a training step.
  public weak var owner: AnyObject?

  let node = Node()

  /// A handle.
  public init(name: String = "") {
    self.name = name
    node.leaf = .frozen(Weak(self))
  }
}

/// The gradient dᵀ x `[out, in]` of a frozen matrix as factors, one pair per use.
public struct FactoredGradient: Sendable {
  /// Inputs x `[tokens, in]` and output gradients d `[tokens, out]`.
  public var pairs: [(x: Tensor<Float>, d: Tensor<Float>)]

  /// The gradient of a single use.
  public init(x: Tensor<Float>, d: Tensor<Float>) { pairs = [(x, d)] }

  /// The x of all uses stacked, `[tokens of all uses, in]`.
  public var x: Tensor<Float> {
    pairs.count == 1 ? pairs[0].x : .concatenated(pairs.map(\.x))
  }

  /// The d of all uses stacked, `[tokens of all uses, out]`.
  public var d: Tensor<Float> {
    pairs.count == 1 ? pairs[0].d : .concatenated(pairs.map(\.d))
  }
}

/// A weak reference: a leaf may outlive its parameter as part of a record, and then needs no gradient.
struct Weak<Object: AnyObject> {
  weak var object: Object?
  init(_ object: Object) { self.object = object }
}
