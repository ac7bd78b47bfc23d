public import Tensors

/// An operation with its own backward pass; all of the library's operations are made of it too.
///
/// The methods are generic, so that one implementation serves Float and the Double of gradient
/// checks. For example, x³:
/// ```swift
/// struct Cube: CustomOperation {
///   func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
///     -> Tensor<S>
///   {
///     context.save(inputs[0])
///     return inputs[0] * inputs[0] * inputs[0]
///   }
///   func backward<S: RealScalar>(
///     _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
///   ) -> [Tensor<S>?] {
///     let x = context.saved[0]
///     return [gradient * x * x * 3]
///   }
/// }
/// let y = Cube()(x)
/// ```
public protocol CustomOperation {
  /// The output for the inputs; saves in `context` what `backward` needs, and no more.
  func forward<Scalar: RealScalar>(
    _ inputs: [Tensor<Scalar>], _ context: inout OperationContext<Scalar>
  ) -> Tensor<Scalar>

  /// The gradient for each input, in order, from the gradient of the output; nil where there is
  /// none. Inputs without `context.needsGradient` may be skipped.
  func backward<Scalar: RealScalar>(
    _ gradient: consuming Tensor<Scalar>, _ context: inout OperationContext<Scalar>
  ) -> [Tensor<Scalar>?]
}

/// What an operation keeps from its forward pass for its backward pass.
public struct OperationContext<Scalar: RealScalar> {
  /// For each input, whether its gradient is wanted.
  public let needsGradient: [Bool]
  /// Whether the gradient of the operation's frozen matrix is wanted: then the input is to be saved
  /// whole and `factors` set by `backward`.
  public let needsFactors: Bool
  /// What was saved, in order.
  public var saved: [Tensor<Scalar>] = []
  /// Shapes that were saved: often all that a backward pass needs of an input.
  public var savedShapes: [Shape] = []
  /// Integers that were saved: labels, indices, positions.
  public var savedIndices: [Tensor<Int32>] = []
  /// Set by `backward` when `needsFactors`: x `[tokens, in]` and d `[tokens, out]`.
  public var factors: (x: Tensor<Scalar>, d: Tensor<Scalar>)?

  init(needsGradient: [Bool], needsFactors: Bool) {
    self.needsGradient = needsGradient
    self.needsFactors = needsFactors
  }

  /// Whether anything at all is wanted, so that a backward pass will come.
  public var isRecording: Bool { needsFactors || needsGradient.contains(true) }

  /// Keeps tensors for the backward pass, when one will come.
  public mutating func save(_ tensors: Tensor<Scalar>...) {
    if isRecording { saved.append(contentsOf: tensors) }
  }

  /// Gives up what was saved, so that a backward pass may work in its storage.
  public mutating func takeSaved() -> [Tensor<Scalar>] {
    defer { saved = [] }
    return saved
  }
}

extension CustomOperation {
  /// Applies the operation. Float inputs are widened when any input is Double.
  ///
  /// - Parameter frozen: The handle of a frozen matrix that the operation multiplies with; its
  ///   gradient is handed over as factors when requested.
  public func callAsFunction(_ inputs: Variable..., frozen: FrozenMatrix? = nil) -> Variable {
    apply(to: inputs, frozen: frozen)
  }

  /// `callAsFunction` for any number of inputs.
  public func apply(to inputs: [Variable], frozen: FrozenMatrix? = nil) -> Variable {
    inputs.contains { $0.value.isDouble }
      ? run(inputs, frozen, Double.self) : run(inputs, frozen, Float.self)
  }

  private func run<Scalar: RealScalar>(
    _ inputs: [Variable], _ frozen: FrozenMatrix?, _ type: Scalar.Type
  ) -> Variable {
    let mode = GradientMode.current
    var edges: [Node?] = inputs.map { mode.isOff ? nil : $0.node }
    var needsFactors = false
    if let frozen, frozen.isGradientRequested, !mode.isOff {
      edges.append(frozen.node)
      needsFactors = true
    }
    let isWanted = edges.contains { $0 != nil }
    let values = inputs.map { $0.value.tensor(as: type) }
    if let scope = mode.scope, isWanted {
      // A checkpointed block's first run: only note which outer nodes it reaches.
      var context = OperationContext<Scalar>(
        needsGradient: inputs.map { _ in false }, needsFactors: false)
      let output = forward(values, &context)
      scope.note(edges)
      return Variable(value: AnyTensor(output), node: Node(inputs: [], step: nil))
    }
    var context = OperationContext<Scalar>(
      needsGradient: edges.prefix(inputs.count).map { $0 != nil }, needsFactors: needsFactors)
    let output = forward(values, &context)
    guard isWanted else { return Variable(value: AnyTensor(output), node: nil) }
    return Variable(
      value: AnyTensor(output),
      node: Node(inputs: edges, step: OperationStep(operation: self, context: context)))
  }
}

/// The backward step of a `CustomOperation`.
private final class OperationStep<Operation: CustomOperation, Scalar: RealScalar>: BackwardStep {
  private let operation: Operation
  private var context: OperationContext<Scalar>

  init(operation: Operation, context: OperationContext<Scalar>) {
    self.operation = operation
    self.context = context
  }

  func run(_ gradient: consuming AnyTensor, inputs: [Node?], in pass: BackwardPass) throws {
    var shares = operation.backward(gradient.consumed(as: Scalar.self), &context)
    let factors = context.factors
    // Saved tensors go before anyone is handed a gradient: a parameter that is updated at once must
    // find its storage unshared.
    context.saved = []
    context.factors = nil
    for index in shares.indices {
      let share = shares[index]
      shares[index] = nil
      if let node = inputs[index] { try pass.contribute(share.map { AnyTensor($0) }, to: node) }
    }
    if context.needsFactors, let node = inputs.last ?? nil {
      let pair = factors.map {
        FactoredGradient(x: $0.x.converted(to: Float.self), d: $0.d.converted(to: Float.self))
      }
      try pass.contribute(factors: pair, to: node)
    }
  }
}
