internal import Formatting
public import JSON
internal import LanguageModels
internal import Autodiff
internal import Foundation
internal import LoQT
internal import Optimizers
internal import Stepping
internal import Tensors

/// An estimate of the memory, the time and the disk space of a run, made before it starts.
public struct RunEstimate: Sendable, Hashable {
  /// Bytes at the peak by kind; scratch includes those of the program itself.
  public let bytes: MemoryBreakdown
  /// Seconds of an ordinary step; nil if not measured.
  public internal(set) var secondsPerStep: Double?
  /// Seconds of the bare matrix products of an ordinary step; nil if not measured.
  public internal(set) var productSecondsPerStep: Double?
  /// The bytes of a checkpoint of the unfinished run.
  public let checkpointBytes: Int

  /// The memory estimate of a run, from its settings alone.
  ///
  /// - Parameters:
  ///   - configuration: The settings.
  ///   - program: Bytes that are not tensors; those of this process when left out.
  public init(_ configuration: TrainingConfiguration, program: Int? = nil) {
    let model = MemoryModel(configuration.model)
    let plan = configuration.plan
    var bytes = model.peak(plan, memory: configuration.memory, batch: configuration.batchShape)
    bytes.scratch += program ?? ProcessMemory.programBytes
    self.bytes = bytes
    let state = model.state(plan, storage: configuration.memory.storage)
    checkpointBytes = state.weights + state.projections + state.adapters + state.optimizer
  }

  /// The object that `loqt estimate --json` prints.
  public var json: JSONValue {
    [
      "total_bytes": .integer(bytes.total),
      "bytes": bytes.json,
      "seconds_per_step": secondsPerStep.map { .number($0) } ?? .null,
      "product_seconds_per_step": productSecondsPerStep.map { .number($0) } ?? .null,
    ]
  }

  /// The bytes by kind as a table.
  public var table: String {
    func row(_ name: String, _ bytes: Int) -> String {
      let amount = PlainText.gibibytes(bytes, decimals: 3)
      let space = String(repeating: " ", count: max(1, 40 - name.count - amount.count))
      return name + space + amount + "\n"
    }
    let rows = MemoryBreakdown.rows.filter { bytes[keyPath: $0.path] > 0 }
    return rows.map {
      row($0.key == "scratch" ? "scratch and program" : $0.title, bytes[keyPath: $0.path])
    }.joined()
      + row("sum", bytes.total)
  }
}

extension TrainingConfiguration {
  /// Command line options that make a run take less memory.
  package struct CheaperSetting: Sendable {
    /// The options.
    package let arguments: String
    /// The memory of the run with them.
    package let bytes: Int
  }

  /// Throws an `InputError` with the estimate and up to three cheaper settings if the run needs more
  /// memory than there is.
  ///
  /// - Parameters:
  ///   - limit: How much memory there is; this process's limit when left out.
  ///   - isResumed: Whether the run is being resumed, with settings that cannot change.
  package func checkMemory(
    limit: ProcessMemory.Limit? = ProcessMemory.limit, isResumed: Bool = false
  ) throws(InputError) {
    let estimate = RunEstimate(self)
    guard let limit, estimate.bytes.total > limit.bytes else { return }
    // Those that fit, smallest change first; then those that come closest.
    let all = cheaperSettings()
    let chosen =
      all.filter { $0.bytes <= limit.bytes } + all.filter { $0.bytes > limit.bytes }.reversed()
    let cheaper = chosen.prefix(3).map { setting in
      "  \(setting.arguments): \(PlainText.gibibytes(setting.bytes))"
        + (setting.bytes <= limit.bytes ? ", which fits" : "")
    }
    throw InputError(
      "The run needs \(PlainText.gibibytes(estimate.bytes.total)), more than the \(PlainText.gibibytes(limit.bytes)) that "
        + "the \(limit.source) leaves; --force begins it all the same.\n" + estimate.table
        + (isResumed
          ? "A resumed run keeps its settings; a run begun anew could have cheaper ones:\n"
          : "Cheaper settings:\n") + cheaper.joined(separator: "\n"))
  }

  /// Throws an `InputError` if the disk has no room for the checkpoints of the run.
  ///
  /// - Parameters:
  ///   - path: The folder that they are written into.
  ///   - copies: How many lie there at once: one more than are kept, since a new one is complete before
  ///     an old one goes.
  ///   - free: Free bytes of the disk; what the system says when left out.
  package func checkDisk(at path: String, copies: Int = 1, free: Int? = nil) throws(InputError) {
    let needed = RunEstimate(self).checkpointBytes
    guard let free = free ?? ProcessMemory.freeDiskBytes(at: path), free / copies < needed else {
      return
    }
    throw InputError(
      "A checkpoint of this run takes \(PlainText.megabytes(needed)), \(counted(copies, "copy", "copies")) "
        + "of it must fit at once, and the disk of \(path) has \(PlainText.megabytes(free)) free. Name another "
        + "folder with --output, make room, or give --no-checkpoint.")
  }

  /// Settings that take less memory, smallest change first; each includes those before it.
  package func cheaperSettings() -> [CheaperSetting] {
    var settings: [CheaperSetting] = []
    var current = self
    var arguments: [String] = []
    var least = RunEstimate(self).bytes.total
    func attempt(_ name: String, _ change: (inout Changes) -> Void) {
      var changes = Changes(current)
      change(&changes)
      guard let next = try? changes.configuration(current) else { return }
      let bytes = RunEstimate(next).bytes.total
      // Savings below one percent are not worth listing.
      guard bytes < least - least / 100 else { return }
      (least, current) = (bytes, next)
      arguments.append(name)
      settings.append(CheaperSetting(arguments: arguments.joined(separator: " "), bytes: bytes))
    }
    attempt("--activation-checkpointing") { $0.memory.checkpointsActivations = true }
    attempt("--optimizer adamw8bit --rest-optimizer adamw8bit") {
      $0.options.optimizer = .adamW8bit
      $0.options.restOptimizer = .adamW8bit
    }
    attempt("--storage bf16") { $0.memory.storage = .bfloat16 }
    attempt("--per-layer-updates") {
      $0.memory.updates = .perLayer
      $0.memory.clippingNorm = nil
      $0.microBatches = 1
      $0.batchSize = current.batchSize / current.microBatches
      $0.mergeBatchSize = current.mergeBatchSize / current.microBatches
    }
    attempt("--compensation 0") { $0.options.compensation = 0 }
    attempt("--method loqt") { $0.method = .loqt }
    while case .count(let rank)? = current.plan.rank, rank > 8, settings.count < 12 {
      let before = settings.count
      attempt("--rank \(rank / 2)") { $0.options.rank = .count(rank / 2) }
      if settings.count == before { break }
    }
    attempt("--batch 1 --merge-batch 1") {
      $0.batchSize = 1
      $0.mergeBatchSize = 1
      $0.microBatches = 1
    }
    if current.sequence > 64 {
      attempt("--sequence \(current.sequence / 2)") { $0.sequence = current.sequence / 2 }
    }
    for (name, model) in LlamaConfiguration.presets.reversed()
    where weights == nil && model.parameterCount < current.model.parameterCount
      && settings.count < 4
    {
      attempt("--preset \(name)") {
        $0.model = model
        $0.options.rank = nil
      }
    }
    return settings
  }
}

/// The settings of a configuration that a cheaper one may change.
struct Changes {
  var model: any ModelConfiguration
  var method: TrainingMethod
  var options: MethodOptions
  var memory: MemoryOptions
  var batchSize: Int
  var mergeBatchSize: Int
  var microBatches: Int
  var sequence: Int

  init(_ configuration: TrainingConfiguration) {
    model = configuration.model
    method = configuration.method
    options = configuration.options
    memory = configuration.memory
    batchSize = configuration.batchSize
    mergeBatchSize = configuration.mergeBatchSize
    microBatches = configuration.microBatches
    sequence = configuration.sequence
  }

  func configuration(_ old: TrainingConfiguration) throws(InputError) -> TrainingConfiguration {
    try TrainingConfiguration(
      model: model, named: old.modelName, weights: old.weights, method: method, options: options,
      steps: old.steps,
      batchSize: batchSize, microBatches: microBatches, mergeBatchSize: mergeBatchSize,
      sequence: sequence, vocabulary: old.vocabulary, memory: memory,
      learningRate: method.name == old.method.name ? old.learningRate : nil,
      schedule: old.schedule, seed: old.seed, evaluationInterval: old.evaluationInterval,
      validationTokens: old.validationTokens)
  }
}
