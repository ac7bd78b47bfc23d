internal import Autodiff
internal import LanguageModels
internal import Layers
internal import LoQT
internal import Optimizers
internal import Stepping
internal import Tensors

extension RunEstimate {
  /// Adds the time of an ordinary step, extrapolated from two steps of one block and one product of the
  /// head's width.
  public mutating func measureTime(of configuration: TrainingConfiguration) {
    var model = configuration.model
    model.blockCount = 1
    model.vocabularySize = 256
    let sequence = min(configuration.sequence, 512)
    let batch = max(1, min(configuration.batchSize, 512 / sequence))
    let tokens = batch * sequence
    let steps = Self.blockSeconds(model, configuration, batch, sequence)
    // Three products with the head: one forward, two backward.
    let (rows, h) = (2_048, model.hiddenSize)
    let (x, w) = (Tensor<Float>.zeros([tokens, h]), Tensor<Float>.zeros([rows, h]))
    let product = Self.least(of: 3) { _ = matmul(x, w.transposed()) }
    let head = 3 * product * Double(configuration.model.vocabularySize) / Double(rows)
    let share = Double(configuration.tokensPerStep) / Double(tokens)
    // The optimizer's time does not depend on the tokens, so scaling by their share overstates it.
    secondsPerStep = (steps * Double(configuration.model.blockCount) + head) * share
  }

  /// Adds the time of the bare matrix products of an ordinary step.
  public mutating func measureProducts(of configuration: TrainingConfiguration) {
    productSecondsPerStep = configuration.stepProducts.measureSeconds()
  }

  private static func blockSeconds(
    _ model: any ModelConfiguration, _ configuration: TrainingConfiguration, _ batch: Int,
    _ sequence: Int
  ) -> Double {
    let memory = configuration.memory
    var block = model.makeModel(
      using: configuration.plan.builder(seed: 0, storage: memory.storage))
    block.recomputesBlocks = memory.checkpointsActivations
    let made = configuration.makeOptimizer(for: block)
    let optimizer = Stepper(
      made.optimizer, training: block, merges: configuration.plan.merges.gap == nil ? .never : .once
    )
    optimizer.measuresLossAfterMerge = false
    optimizer.collectsGradients = memory.collects(microBatches: 1)
    optimizer.gradientStorage = memory.storage
    let tokens = Tensor((0..<batch * sequence).map { Int32($0 % 256) }, shape: [batch, sequence])
    func step() {
      _ = try? optimizer.step { block.loss(tokens: tokens, labels: tokens) }
    }
    // The first step may compute projections.
    step()
    return least(of: 2, step)
  }

  private static func least(of count: Int, _ body: () -> Void) -> Double {
    (0..<count).map { _ in ContinuousClock().measure(body) / .seconds(1) }.min() ?? 0
  }
}
