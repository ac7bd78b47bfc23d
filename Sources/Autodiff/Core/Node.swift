import Synchronization

/// A node of the tape that backpropagation traverses: an operation or a leaf.
///
/// Nodes refer to their inputs' nodes, never to values. What an operation saved is in `step`, which is
/// released as soon as it has been used.
final class Node {
  enum Leaf {
    case parameter(Weak<Parameter>)
    case frozen(Weak<FrozenMatrix>)
  }

  /// The order of creation, so that an operation's number is above those of its inputs; 0 for leaves.
  let sequence: Int
  var leaf: Leaf?
  var inputs: [Node?]
  /// Computes the gradients for `inputs` from the gradient of the output.
  var step: (any BackwardStep)?

  // The state of the backward pass in progress over this node.
  var pendingUses = 0
  var gradient: AnyTensor?
  var factors: FactoredGradient?

  private static let counter = Atomic<Int>(0)
  static var currentSequence: Int { counter.load(ordering: .relaxed) }

  init() {
    sequence = 0
    inputs = []
  }

  init(inputs: [Node?], step: (any BackwardStep)?) {
    sequence = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
    self.inputs = inputs
    self.step = step
  }

  func clearPass() {
    pendingUses = 0
    gradient = nil
    factors = nil
  }

  /// Releases a long chain in a loop, since the default release would recurse once per node. Steps are
  /// released first, since the body of a checkpointed block holds the block's inputs too.
  deinit {
    if inputs.isEmpty { return }
    var orphans = inputs
    inputs = []
    step = nil
    while var next = orphans.popLast() {
      guard isKnownUniquelyReferenced(&next), let node = next else { continue }
      orphans.append(contentsOf: node.inputs)
      node.inputs = []
      node.step = nil
    }
  }
}

/// The backward step of a node.
protocol BackwardStep: AnyObject {
  /// Passes each input's contribution to `pass`, exactly once per edge.
  func run(_ gradient: consuming AnyTensor, inputs: [Node?], in pass: BackwardPass) throws
}
