internal import Autodiff
internal import Formatting
internal import Optimizers

extension TrainingConfiguration {
  /// The first of the memory settings, from the fastest to the slowest, whose estimate is within a limit.
  ///
  /// Updates at once and micro-batches cost next to nothing, 8-bit optimizers and 16-bit storage little,
  /// recomputing the blocks a third of the step. What the step learns from stays as it is.
  ///
  /// Throws an `InputError` with the least that there is where none fits.
  ///
  /// - Parameter limit: Bytes in all, those of the program included.
  /// - Returns: The settings, what to give for them on the command line, and their estimate.
  package func fitted(to limit: Int) throws(InputError)
    -> (configuration: TrainingConfiguration, arguments: [String], bytes: Int)
  {
    var least = (bytes: Int.max, arguments: [String]())
    for change in memoryChanges {
      var changes = Changes(self)
      change.apply(&changes)
      guard let next = try? changes.configuration(self) else { continue }
      let bytes = RunEstimate(next).bytes.total
      if bytes <= limit { return (next, change.arguments, bytes) }
      if bytes < least.bytes { least = (bytes, change.arguments) }
    }
    throw InputError(
      "No memory setting fits the run into \(PlainText.gibibytes(limit, decimals: 2)): the least, "
        + "\(PlainText.gibibytes(least.bytes, decimals: 2)), is that of \(least.arguments.joined(separator: " ")). "
        + "Give a smaller model, --sequence, --rank or --vocabulary.")
  }

  /// The memory settings in the order of what they cost in time, the present ones first.
  private var memoryChanges: [MemoryChange] {
    var changes: [MemoryChange] = []
    for recomputes in memory.checkpointsActivations ? [true] : [false, true] {
      for level in 0..<3 {
        var base = MemoryChange()
        if recomputes, !memory.checkpointsActivations {
          base.add("--activation-checkpointing") { $0.memory.checkpointsActivations = true }
        }
        if level > 0 {
          base.add("--optimizer adamw8bit --rest-optimizer adamw8bit") {
            $0.options.optimizer = .adamW8bit
            $0.options.restOptimizer = .adamW8bit
          }
        }
        if level > 1 { base.add("--storage bf16") { $0.memory.storage = .bfloat16 } }
        changes.append(base)
        if microBatches == 1, memory.clippingNorm == nil, memory.updates == .automatic {
          var next = base
          next.add("--per-layer-updates") { $0.memory.updates = .perLayer }
          changes.append(next)
        }
        for parts in stride(from: microBatches + 1, through: batchSize, by: 1)
        where batchSize % parts == 0 && mergeBatchSize % parts == 0 && memory.updates != .perLayer {
          var next = base
          next.add("--micro-batches \(parts)") { $0.microBatches = parts }
          changes.append(next)
        }
      }
    }
    return changes
  }
}

/// A change of memory settings.
private struct MemoryChange {
  private(set) var arguments: [String] = []
  private var steps: [(inout Changes) -> Void] = []

  mutating func add(_ argument: String, _ step: @escaping (inout Changes) -> Void) {
    arguments.append(argument)
    steps.append(step)
  }

  func apply(_ changes: inout Changes) { for step in steps { step(&changes) } }
}
