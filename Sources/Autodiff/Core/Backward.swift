internal import Tensors

/// A complete gradient that a backward pass delivers.
public enum StreamedGradient {
  /// The gradient of a parameter, with its shape.
  case dense(Parameter, AnyTensor)
  /// The gradient of a frozen matrix, as factors.
  case factors(FrozenMatrix, FactoredGradient)
}

/// Propagates the gradient of `loss` back, and passes each parameter's gradient to `consumer` the moment
/// its last use has contributed, without keeping it.
///
/// Each operation's saved tensors are released before its gradients are delivered, so `consumer` may
/// update a parameter in place at once. The record is consumed: a second pass over it finds nothing. An
/// error thrown by `consumer` ends the pass; gradients not yet delivered are dropped.
///
/// - Parameters:
///   - loss: Where to start; a scalar unless `seed` is given.
///   - seed: The gradient of `loss`, with its shape, for vector-Jacobian products; 1 when left out.
///   - consumer: Receives each gradient once.
public func backward(
  from loss: Variable, seed: AnyTensor? = nil,
  into consumer: (consuming StreamedGradient) throws -> Void
) throws {
  precondition(
    seed != nil || loss.shape.elementCount == 1,
    "backward: a loss of shape \(loss.shape) needs a seed")
  precondition(
    seed == nil || seed?.shape == loss.shape,
    "backward: the seed's shape does not equal the loss's \(loss.shape)")
  guard let root = loss.node else { return }
  let gradient =
    seed
    ?? (loss.value.isDouble
      ? .double(Tensor(repeating: 1, shape: loss.shape))
      : .float(Tensor(repeating: 1, shape: loss.shape)))
  try withoutActuallyEscaping(consumer) { consumer in
    let pass = BackwardPass(consumer)
    defer { pass.finish() }
    try pass.run(from: root, gradient: gradient, after: 0)
  }
}

/// One traversal of the record, from the latest operation to the earliest.
final class BackwardPass {
  private let consumer: (consuming StreamedGradient) throws -> Void
  private var leaves: [Node] = []

  init(_ consumer: @escaping (consuming StreamedGradient) throws -> Void) {
    self.consumer = consumer
  }

  /// Propagates from `root` over the nodes made after `start`; earlier ones belong to the enclosing pass,
  /// which has counted this pass's uses of them.
  ///
  /// - Parameter expected: The uses of earlier nodes that were counted for this pass; those that it does
  ///   not make are counted off at the end.
  func run(
    from root: Node?, gradient: consuming AnyTensor, after start: Int, expected: [Node?] = []
  ) throws {
    var surplus: [ObjectIdentifier: Int] = [:]
    for case let node? in expected { surplus[ObjectIdentifier(node), default: 0] += 1 }
    var order: [Node] = []
    defer { for node in order { node.clearPass() } }
    if let root, root.sequence > start {
      order = reachable(from: root, after: start, &surplus)
      root.gradient = consume gradient
    } else if let root {
      // The loss is itself a parameter.
      note(root)
      try contribute(consume gradient, to: root)
    }
    while let node = order.popLast() {
      let inputs = node.inputs
      let step = node.step
      node.inputs = []
      node.step = nil
      if let gradient = node.gradient.take(), let step {
        try step.run(gradient, inputs: inputs, in: self)
      } else {
        for case let input? in inputs { try contribute(nil, to: input) }
      }
    }
    for case let node? in expected where surplus[ObjectIdentifier(node), default: 0] > 0 {
      surplus[ObjectIdentifier(node)]! -= 1
      try contribute(nil, to: node)
    }
  }

  /// The nodes between `root` and `start`, earliest first, with their uses counted.
  private func reachable(
    from root: Node, after start: Int, _ surplus: inout [ObjectIdentifier: Int]
  ) -> [Node] {
    var found: [Node] = [root]
    var stack: [Node] = [root]
    root.pendingUses = 1
    while let node = stack.popLast() {
      for case let input? in node.inputs {
        if input.sequence <= start {
          if start == 0 {
            note(input)
          } else {
            surplus[ObjectIdentifier(input), default: 0] -= 1
          }
        } else {
          if input.pendingUses == 0 {
            found.append(input)
            stack.append(input)
          }
          input.pendingUses += 1
        }
      }
    }
    found.sort { $0.sequence < $1.sequence }
    return found
  }

  private func note(_ leaf: Node) {
    if leaf.pendingUses == 0 { leaves.append(leaf) }
    leaf.pendingUses += 1
  }

  /// Adds the contribution of one use to a node, and delivers a leaf's gradient after the last use.
  func contribute(_ share: consuming AnyTensor?, to node: Node) throws {
    if let share {
      if case .parameter? = node.leaf { share.count(as: .gradients) }
      if var sum = node.gradient.take() {
        sum.accumulate(share)
        node.gradient = sum
      } else {
        node.gradient = share
      }
    }
    try countUse(of: node)
  }

  func contribute(factors: consuming FactoredGradient?, to node: Node) throws {
    if let factors {
      if node.factors == nil {
        node.factors = factors
      } else {
        node.factors?.pairs.append(contentsOf: factors.pairs)
      }
    }
    try countUse(of: node)
  }

  private func countUse(of node: Node) throws {
    node.pendingUses -= 1
    guard node.pendingUses == 0, let leaf = node.leaf else { return }
    switch leaf {
    case .parameter(let parameter):
      guard let gradient = node.gradient.take(), let parameter = parameter.object else { return }
      try consumer(.dense(parameter, gradient))
    case .frozen(let matrix):
      guard let factors = node.factors.take(), let matrix = matrix.object else { return }
      try consumer(.factors(matrix, factors))
    }
  }

  /// Clears what an error left on leaves, which outlive the pass.
  func finish() {
    for leaf in leaves { leaf.clearPass() }
    leaves = []
  }
}
