import Autodiff
import LanguageModels
import Layers
import LoQT
import Optimizers
import Quantization
import Stepping
import TestSupport
import Tensors
import Testing
import Training

@Suite struct MethodOptionTests {
  private func configuration(
    _ method: TrainingMethod, microBatches: Int = 1, _ set: (inout MethodOptions) -> Void
  ) throws -> TrainingConfiguration {
    try TrainingConfiguration(
      model: tinyModel, method: method,
      options: .with {
        $0.rank = 8
        $0.mergeGap = 4
        set(&$0)
      }, steps: 12, batchSize: 4, microBatches: microBatches, sequence: 16, learningRate: 0.02,
      evaluationInterval: 100)
  }

  /// Trains, and compares the bytes with the formula.
  private func finish(_ configuration: TrainingConfiguration) async throws -> LanguageModelTrainer {
    let trainer = try Trainer(configuration, corpus: byteCorpus(8_000))
    let record = try await finished(trainer)
    #expect(record.validationLoss < record.evaluations[0].loss - 0.1)
    var live = trainer.liveMemory
    var counted = MemoryModel(trainer.configuration.model).breakdown(configuration.plan)
    // Micro-batches keep all gradients.
    if configuration.microBatches > 1 { (live.gradients, counted.gradients) = (0, 0) }
    #expect(live == counted)
    return trainer
  }

  @Test(arguments: [TrainingMethod.loqt, .lora, .galore, .qGaLore])
  func chosenLayersAreHeldAndTheOthersAreDense(_ method: TrainingMethod) async throws {
    let trainer = try await finish(
      configuration(method) { $0.layers = ["q_proj", "down_proj"] })
    let dense = trainer.model.modules(ofType: Linear.self).filter { $0.name.contains("layers") }
    #expect(dense.count == (method == .galore ? 14 : 10))
    let windows = EvaluationWindows.all(
      of: trainer.corpus.validation, sequence: 16, batchSize: 4)
    try withTemporaryFolder { folder in
      try Checkpoint(trainer).write(to: folder + "/checkpoint")
      let read = try Checkpoint(path: folder + "/checkpoint")
      #expect(abs(read.model.meanLoss(over: windows) - trainer.record.validationLoss) < 1e-6)
    }
  }

  @Test func embeddingAndHeadCanBeFrozen() async throws {
    for (embedding, head) in [(true, false), (false, true), (true, true)] {
      let settings = try configuration(.full) {
        $0.freezeEmbedding = embedding
        $0.freezeHead = head
      }
      let start = try Trainer(settings, corpus: byteCorpus(8_000)).model
      let model = try await finish(settings).model
      #expect((model.embedding.weight.tensor == start.embedding.weight.tensor) == embedding)
      #expect((model.head?.weight.tensor == start.head?.weight.tensor) == head)
    }
  }

  @Test(arguments: OptimizerKind.allCases)
  func everyOptimizerMovesTheLinearLayersOfEveryParameterisation(_ kind: OptimizerKind) async throws
  {
    for method in [TrainingMethod.full, .lora, .galore, .loqt] {
      _ = try await finish(configuration(method) { $0.optimizer = kind })
    }
    _ = try await finish(configuration(.loqt) { $0.restOptimizer = .adamW8bit })
  }

  /// Bytes are compared with the formula, which differs from side to side.
  @Test(arguments: [TrainingMethod.loqt, .galore, .fira, .apollo], SideRule.allCases)
  func projectionsStandOnTheSideAskedFor(_ method: TrainingMethod, _ side: SideRule) async throws {
    let settings = try configuration(method) { $0.side = side }
    let trainer = try await finish(settings)
    let matrix = try #require(
      trainer.model.modules(ofType: (any LinearLayer).self)
        .first { $0.name.hasSuffix("gate_proj") }
    ).module
    let sides: [SideRule: ProjectionSide] = [
      .smaller: .left, .larger: .right, .left: .left, .right: .right,
    ]
    // The gate is [larger, smaller].
    #expect(matrix.outputSize > matrix.inputSize)
    guard let layer = matrix as? LoQTLinear else { return }
    #expect(layer.side == sides[side])
    #expect(
      layer.projection?.shape
        == (sides[side] == .left ? [8, layer.inputSize] : [layer.outputSize, 8]))
    let windows = EvaluationWindows.all(
      of: trainer.corpus.validation, sequence: 16, batchSize: 4)
    try withTemporaryFolder { folder in
      try Checkpoint(trainer).write(to: folder + "/checkpoint")
      let read = try Checkpoint(path: folder + "/checkpoint")
      #expect(abs(read.model.meanLoss(over: windows) - trainer.record.validationLoss) < 1e-6)
    }
  }

  @Test func loqtTakesItsOptions() async throws {
    _ = try await finish(
      configuration(.loqt) {
        $0.rank = .fraction(0.25)
        $0.projectionFormat = .float32
        $0.weightFormat = .affine(AffineScheme(bits: .eight))
        $0.stateRule = .project
        $0.projector = .exact
        $0.stochasticRounding = true
      })
    let merged = try await finish(configuration(.loqt) { $0.merges = 2 })
    // Gaps that grow by 1.6 fill twelve steps: 12 / (1 + 1.6 + 1.6²) = 2.3.
    #expect(merged.record.merges.map(\.step) == [0, 2, 6])
    for window in ProjectionWindow.allCases {
      let windows = try await finish(configuration(.loqt, microBatches: 2) { $0.window = window })
      #expect(windows.record.merges.count == 2)
    }
  }

  @Test func anUpdateBelowTheThresholdWaits() async throws {
    let trainer = try await finish(configuration(.loqt) { $0.postponing = 0.99 })
    #expect(trainer.record.merges.count == 2)
    for merge in trainer.record.merges.dropFirst() {
      for layer in merge.layers {
        #expect(layer.note?.contains("postponed") == true)
        #expect(layer.survival == nil && layer.angles == nil)
      }
    }
    let all = try await finish(configuration(.loqt) { $0.postponing = 1e-9 })
    #expect(all.record.merges[1].layers.allSatisfy { $0.survival != nil && $0.angles != nil })
  }

  @Test func ranksByEnergyStayWithinTheirBounds() async throws {
    let settings = try configuration(.loqt) {
      $0.rank = .energy(lost: 0.2, atLeast: 2, atMost: 6)
    }
    let trainer = try Trainer(settings, corpus: byteCorpus(8_000))
    let record = try await finished(trainer)
    #expect(record.validationLoss < record.evaluations[0].loss - 0.3)
    let ranks = Set(trainer.optimizer.layers.map(\.layer.rank))
    #expect(ranks.isSubset(of: Set(2...6)) && ranks.count > 1)
    let windows = EvaluationWindows.all(
      of: trainer.corpus.validation, sequence: 16, batchSize: 4)
    try withTemporaryFolder { folder in
      try Checkpoint(trainer).write(to: folder + "/checkpoint")
      let read = try Checkpoint(path: folder + "/checkpoint")
      #expect(abs(read.model.meanLoss(over: windows) - record.validationLoss) < 1e-6)
    }
  }

  @Test func optionsWithoutEffectAreNotices() throws {
    let settings = try configuration(.lora) { $0.compensation = 3 }
    #expect(
      settings.notices == [
        "--merge-gap has no effect on method lora.", "--compensation has no effect on method lora.",
      ])
    #expect(throws: InputError.self) { try configuration(.loqt) { $0.layers = ["query"] } }
    #expect(throws: InputError.self) { try configuration(.loqt) { $0.layers = [] } }
    #expect(throws: InputError.self) { try configuration(.loqt) { $0.postponing = 1 } }
    #expect(throws: InputError.self) { try configuration(.loqt, microBatches: 3) { _ in } }
  }
}
