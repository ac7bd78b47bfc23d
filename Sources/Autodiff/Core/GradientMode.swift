/// Whether operations are recorded at present, as a task-local value.
enum GradientMode {
  case record
  case off
  /// The first run of a checkpointed block.
  case capture(CaptureScope)

  @TaskLocal static var current: GradientMode = .record

  var isOff: Bool { if case .off = self { true } else { false } }
  var scope: CaptureScope? { if case .capture(let scope) = self { scope } else { nil } }
}

extension GradientMode: @unchecked Sendable {}

/// Runs `body` without recording, so that its results are constants.
public func withoutGradient<R>(_ body: () throws -> R) rethrows -> R {
  try GradientMode.$current.withValue(.off) { try body() }
}

/// Collects the outer nodes that a block uses, once per use.
final class CaptureScope {
  let start = Node.currentSequence
  private(set) var captured: [Node] = []

  func note(_ edges: [Node?]) {
    for case let node? in edges where node.sequence <= start { captured.append(node) }
  }
}

/// Computes `body` now, keeps only its result, and recomputes it in the backward pass: activation
/// checkpointing, which trades memory for a second forward pass.
///
/// `body` must compute the same values again: its randomness must come from `TrainingMode.nextRandom()`,
/// as in `dropout`, or from generators copied beforehand. Outer parameters and variables get their
/// gradients as usual, in the same order and with the same bits as without checkpointing. Blocks may be
/// nested.
public func checkpointed(_ body: @escaping () -> Variable) -> Variable {
  let mode = GradientMode.current
  if mode.isOff { return body() }
  let scope = CaptureScope()
  let again = TrainingMode.repeating(body)
  let result = GradientMode.$current.withValue(.capture(scope)) { body() }
  // In the first run of an outer block, this block counts as one of its operations.
  mode.scope?.note(scope.captured)
  guard let node = result.node else { return result }
  if node.sequence <= scope.start { return result }
  if mode.scope != nil {
    return Variable(value: result.value, node: Node(inputs: [], step: nil))
  }
  return Variable(
    value: result.value, node: Node(inputs: scope.captured, step: CheckpointStep(again)))
}

private final class CheckpointStep: BackwardStep {
  private var body: (() -> Variable)?

  init(_ body: @escaping () -> Variable) { self.body = body }

  func run(_ gradient: consuming AnyTensor, inputs: [Node?], in pass: BackwardPass) throws {
    guard let body = body.take() else { return }
    let start = Node.currentSequence
    let root = GradientMode.$current.withValue(.record) { body().node }
    try pass.run(from: root, gradient: gradient, after: start, expected: inputs)
  }
}
