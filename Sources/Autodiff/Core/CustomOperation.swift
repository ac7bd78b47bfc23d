public import Tensors

/// An operation with its own backward pass. All of the library's operations are of this kind.
///
/// The methods are generic, so that one implementation serves Float and the Double of gradient checks.
/// For example, x³:
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
  /// Computes the output from the inputs, and saves in `context` what `backward` needs.
  func forward<Scalar: RealScalar>(
    _ inputs: [Tensor<Scalar>], _ context: inout OperationContext<Scalar>
  ) -> Tensor<Scalar>

  /// The gradient for each input, in order, from the gradient of the output; nil if there is none. Inputs
  /// without `context.needsGradient` may be skipped.
  func backward<Scalar: RealScalar>(
    _ gradient: consuming Tensor<Scalar>, _ context: inout OperationContext<Scalar>
  ) -> [Tensor<Scalar>?]
}

/// What an operation saves in its forward pass for its backward pass.
public struct OperationContext<Scalar: RealScalar> {
  /// For each input, whether its gradient is needed.
  public let needsGradient: NeededGradients
  /// Whether the gradient of the operation's frozen matrix is needed. If so, `forward` must save the whole
  /// input and `backward` must set `factors`.
  public let needsFactors: Bool
  /// The saved tensors, in order.
  public var saved: [Tensor<Scalar>] = []
  /// Saved shapes, often all that a backward pass needs of an input.
  public var savedShapes: [Shape] = []
  /// Saved integers, such as labels, indices and positions.
  public var savedIndices: [Tensor<Int32>] = []
  /// Set by `backward` if `needsFactors`: x `[tokens, in]` and d `[tokens, out]`.
  public var factors: (x: Tensor<Scalar>, d: Tensor<Scalar>)? {
    get { factorPair.isEmpty ? nil : (factorPair[0], factorPair[1]) }
    set { factorPair = newValue.map { [$0.x, $0.d] } ?? [] }
  }
  // An array, since an optional pair would need a type lookup whenever a context is made or destroyed.
  private var factorPair: [Tensor<Scalar>] = []

  /// Computes the output from the saved tensors; see `recomputesOutput`.
  var outputFromSaved: (([Tensor<Scalar>]) -> Tensor<Scalar>)?

  init(needsGradient: NeededGradients, needsFactors: Bool) {
    self.needsGradient = needsGradient
    self.needsFactors = needsFactors
  }

  /// Whether any gradient is needed, so that there will be a backward pass.
  public var isRecording: Bool { needsFactors || needsGradient.isAnyNeeded }

  /// Saves tensors for the backward pass, if there will be one.
  public mutating func save(_ tensors: Tensor<Scalar>...) {
    guard isRecording else { return }
    if saved.isEmpty { saved = tensors } else { saved.append(contentsOf: tensors) }
  }

  /// Sets how to recompute the output from the saved tensors, cheaply and bit for bit. An operation that
  /// would save this output as its input then saves nothing, and recomputes it in its backward pass.
  public mutating func recomputesOutput(
    _ compute: @escaping (_ saved: [Tensor<Scalar>]) -> Tensor<Scalar>
  ) {
    outputFromSaved = compute
  }

  /// Removes and returns the saved tensors, so that a backward pass may work in their storage.
  public mutating func takeSaved() -> [Tensor<Scalar>] {
    defer { saved = [] }
    return saved
  }
}

extension CustomOperation {
  /// Applies the operation. Float inputs are widened when any input is Double.
  ///
  /// - Parameters:
  ///   - inputs: The inputs, in the order that the operation expects.
  ///   - frozen: The handle of a frozen matrix that the operation multiplies by, whose gradient is
  ///     delivered as factors when requested.
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
    let needsGradient = mode.isOff ? NeededGradients(count: inputs.count) : NeededGradients(inputs)
    var edges: [Node?] = inputs.map { mode.isOff ? nil : $0.node }
    var needsFactors = false
    if let frozen, frozen.isGradientRequested, !mode.isOff {
      edges.append(frozen.node)
      needsFactors = true
    }
    let isWanted = needsFactors || needsGradient.isAnyNeeded
    let values = inputs.map { $0.value.widened(to: type) }
    if let scope = mode.scope, isWanted {
      // The first run of a checkpointed block only records which outer nodes it uses.
      var context = OperationContext<Scalar>(
        needsGradient: NeededGradients(count: inputs.count), needsFactors: false)
      let output = forward(values, &context)
      scope.note(edges)
      return Variable(value: AnyTensor(output), node: Node(inputs: [], step: nil))
    }
    var context = OperationContext<Scalar>(
      needsGradient: needsGradient, needsFactors: needsFactors)
    let output = forward(values, &context)
    guard isWanted else { return Variable(value: AnyTensor(output), node: nil) }
    let recipe = context.outputFromSaved.map { compute in
      Recipe { [saved = context.saved] in AnyTensor(compute(saved)) }
    }
    context.outputFromSaved = nil
    let step = OperationStep(operation: self, context: context) { step, gradient, inputs, pass in
      try step.propagate(gradient, inputs, pass)
    }
    for index in 0..<inputs.count {
      let recipe = inputs[index].recipe ?? Recipe(widening: inputs[index].value)
      if let recipe { step.forget(values[index], for: recipe) }
    }
    return Variable(
      value: AnyTensor(output), node: Node(inputs: edges, step: step), recipe: recipe)
  }
}

/// The backward step of a `CustomOperation`.
private final class OperationStep<Operation: CustomOperation, Scalar: RealScalar>: BackwardStep {
  typealias Body = (OperationStep, consuming AnyTensor, [Node?], BackwardPass) throws -> Void

  private let operation: Operation
  private var context: OperationContext<Scalar>
  /// The recipes that replace saved tensors, with their indices among them in descending order.
  private var recipes: [(place: Int, recipe: Recipe)] = []
  /// `propagate`, referenced where the types are known so that it is specialised for them: a call through
  /// the protocol would look up its types at every use.
  private let body: Body

  init(operation: Operation, context: OperationContext<Scalar>, body: @escaping Body) {
    self.operation = operation
    self.context = context
    self.body = body
  }

  /// Keeps the recipe of an input instead of the input.
  func forget(_ input: Tensor<Scalar>, for recipe: Recipe) {
    for place in context.saved.indices.reversed() where context.saved[place].isSame(as: input) {
      context.saved.remove(at: place)
      recipe.uses += 1
      recipes.append((place, recipe))
    }
  }

  func run(_ gradient: consuming AnyTensor, inputs: [Node?], in pass: BackwardPass) throws {
    try body(self, gradient, inputs, pass)
  }

  func propagate(_ gradient: consuming AnyTensor, _ inputs: [Node?], _ pass: BackwardPass) throws {
    while let (place, recipe) = recipes.popLast() {
      context.saved.insert(recipe.value().consumed(as: Scalar.self), at: place)
    }
    var shares = operation.backward(gradient.consumed(as: Scalar.self), &context)
    let factors = context.needsFactors ? context.factors : nil
    // Saved tensors are released before gradients are delivered, so that a parameter that is updated at
    // once has unshared storage.
    context.saved = []
    if context.needsFactors { context.factors = nil }
    for index in 0..<shares.count {
      let share = shares[index].take()
      guard let node = inputs[index] else { continue }
      if let share {
        try pass.contribute(AnyTensor(share), to: node)
      } else {
        try pass.contribute(nil, to: node)
      }
    }
    if context.needsFactors, let node = inputs.last ?? nil {
      let pair = factors.map {
        FactoredGradient(x: $0.x.converted(to: Float.self), d: $0.d.converted(to: Float.self))
      }
      try pass.contribute(factors: pair, to: node)
    }
  }
}
