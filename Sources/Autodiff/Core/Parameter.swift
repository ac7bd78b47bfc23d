public import Tensors

/// How a parameter's elements are held. Arithmetic is in single precision either way.
public enum ParameterStorage: String, Sendable, Hashable, Codable, CaseIterable {
  /// 4 bytes an element.
  case float32
  /// 2 bytes an element, rounded at random when an optimizer changes them, so that steps below the
  /// distance of two numbers are not lost on average.
  case bfloat16 = "bf16"

  /// Bytes of an element.
  public var byteCount: Int { self == .float32 ? 4 : 2 }
}

/// A tensor that training changes: a reference with an identity, a name and a value.
///
/// A training run lives in one isolation domain, so parameters are deliberately not Sendable.
public final class Parameter {
  /// The value when it is held in 16 bits, changed by optimizers in place; nil otherwise.
  public var halfTensor: Tensor<BFloat16>?
  private var single: Tensor<Float>
  /// A double-precision value that stands in for `tensor` during a gradient check.
  public var doubleTensor: Tensor<Double>?
  /// The dotted name within its model, as published checkpoints have it; set by whoever owns it.
  public var name: String
  /// Whether backpropagation computes its gradient.
  public var isTrainable: Bool

  /// Who holds the elements in another form and lends them for an update; nil for an ordinary parameter.
  public weak var owner: (any ParameterOwner)?

  /// What its buffer is counted as.
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

  /// The value in single precision, changed in place where it is held so; otherwise a copy, which is
  /// rounded to nearest when it is put back.
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

  /// How the elements are held. A change to 16 bits rounds to nearest.
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

  /// Lets an optimizer change the value in single precision; what is held in 16 bits is rounded at
  /// random afterwards.
  ///
  /// - Parameters:
  ///   - step: The step of the run, which with the name decides the random numbers.
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

  /// The random numbers by which a step rounds what is held in 16 bits.
  public func rounding(step: Int) -> RandomSource {
    RandomSource(seed: UInt64(bitPattern: Int64(step))).split(name)
  }

  /// The value as it is held.
  var value: AnyTensor {
    doubleTensor.map(AnyTensor.double) ?? halfTensor.map(AnyTensor.bfloat16) ?? .float(single)
  }

  /// The sizes of the axes.
  public var shape: Shape { halfTensor?.shape ?? single.shape }

  /// Bytes of the elements as they are held.
  public var byteCount: Int { halfTensor?.byteCount ?? single.byteCount }
}

/// Holds what a parameter stands for in another form, a packed matrix say: the parameter has its elements
/// only while the owner lends them.
public protocol ParameterOwner: AnyObject {
  /// Lets `body` see the elements through the parameter.
  func withElements<R>(of parameter: Parameter, _ body: (Parameter) throws -> R) rethrows -> R

  /// Lets `body` change the elements through the parameter, and takes them back.
  ///
  /// - Parameters:
  ///   - parameter: Which has its elements while `body` runs.
  ///   - step: The step of the run, which decides random numbers that the owner may round by.
  ///   - body: Changes the elements.
  func update(_ parameter: Parameter, step: Int, _ body: (Parameter) throws -> Void) rethrows
}

/// A matrix `[out, in]` that backpropagation does not train, but whose gradient can be asked for.
///
/// The gradient of a linear operation for its frozen weight is dᵀ x, with x `[tokens, in]` the
/// operation's input and d `[tokens, out]` the gradient of its output. It is handed over as these
/// two factors and never formed. A layer keeps one as the handle of its quantised weight.
public final class FrozenMatrix {
  /// The dotted name within its model.
  public var name: String
  /// Whether the next forward passes keep what the gradient needs, and the backward pass hands it
  /// over.
  public var isGradientRequested = false
  /// The layer whose matrix it is: who receives the gradient in a training step.
  public weak var owner: AnyObject?

  let node = Node()

  /// A handle.
  public init(name: String = "") {
    self.name = name
    node.leaf = .frozen(Weak(self))
  }
}

/// The gradient dᵀ x `[out, in]` of a frozen matrix as its factors, one pair for each use.
public struct FactoredGradient: Sendable {
  /// Inputs x `[tokens, in]` and output gradients d `[tokens, out]`.
  public var pairs: [(x: Tensor<Float>, d: Tensor<Float>)]

  /// The gradient of a single use.
  public init(x: Tensor<Float>, d: Tensor<Float>) { pairs = [(x, d)] }

  /// x of all uses stacked, `[tokens of all uses, in]`.
  public var x: Tensor<Float> {
    pairs.count == 1 ? pairs[0].x : .concatenated(pairs.map(\.x))
  }

  /// d of all uses stacked, `[tokens of all uses, out]`.
  public var d: Tensor<Float> {
    pairs.count == 1 ? pairs[0].d : .concatenated(pairs.map(\.d))
  }
}

/// A leaf outlives its owner when a record of it does; nobody wants the gradient then.
struct Weak<Object: AnyObject> {
  weak var object: Object?
  init(_ object: Object) { self.object = object }
}
