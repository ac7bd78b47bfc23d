import Synchronization

/// One operation of the tape, or a leaf: what backpropagation walks over.
///
/// Nodes know their inputs' nodes, never values; what an operation saved lies in `step` and is
/// dropped as soon as it has been used.
final class Node {
  enum Leaf {
    case parameter(Weak<Parameter>)
    case frozen(Weak<FrozenMatrix>)
  }

  /// Grows with creation, so that an operation's number is above those of its inputs. Leaves have 0.
  let sequence: Int
  var leaf: Leaf?
  var inputs: [Node?]
  /// The gradients for `inputs`, from the gradient of the output.
  var step: (any BackwardStep)?

  // The state of the one backward pass that is running over this node.
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

  /// A long chain is released by a loop: the compiler's own release would recurse once a node. Steps
  /// go first, since the body of a checkpointed block holds the block's inputs too.
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

/// What a node does on the way back.
protocol BackwardStep: AnyObject {
  /// Hands each input's share to `pass`, exactly once for every edge.
  func run(_ gradient: consuming AnyTensor, inputs: [Node?], in pass: BackwardPass) throws
}
