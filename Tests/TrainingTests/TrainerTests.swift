import Autodiff
import Foundation
import JSON
import LanguageModels
import Layers
import LoQT
import Optimizers
import Stepping
import Testing
import TensorFiles
import Tensors

@testable import Training

@Suite struct TrainerTests {
  @Test(arguments: TrainingMethod.allCases)
  func everyMethodLearnsAndHoldsWhatTheModelSays(_ method: TrainingMethod) async throws {
    let configuration = try tinyConfiguration(method)
    let trainer = try Trainer(configuration, corpus: byteCorpus())
    let record = try await finished(trainer)

    let start = try #require(record.evaluations.first)
    #expect(start.step == 0)
    // Random bytes: ln 256 = 5.55 nats.
    #expect(abs(start.loss - log(256)) < 0.1)
    #expect(record.validationLoss < start.loss - 0.5)
    #expect(record.steps.map(\.step) == Array(0..<24))
    #expect(record.evaluations.map(\.step) == [0, 8, 16, 24])
    // One byte per token.
    #expect(abs(record.bitsPerByte - record.validationLoss / log(2)) < 1e-9)
    #expect(record.parameterCount == tinyModel.parameterCount)
    #expect(record.samples.count == 3)

    let model = MemoryModel(trainer.configuration.model)
    var expected = model.breakdown(configuration.plan)
    if case .energy? = configuration.plan.rank, let subspaces = trainer.subspaces {
      // The memory model counts the largest ranks that the rule may choose; these are the chosen ones.
      for matrix in trainer.model.blocks.flatMap({ $0.modules(ofType: Linear.self) }) {
        let shape = matrix.module.weight.shape
        let unused = 8 - (try #require(subspaces.rank(of: matrix.module.weight)))
        expected.projections -= 4 * unused * min(shape[0], shape[1])
        expected.optimizer -= 8 * unused * max(shape[0], shape[1])
      }
    }
    #expect(trainer.liveMemory == expected)
    #expect(record.memory.other > 1_000_000)
    #expect(
      record.fullRankMemory
        == model.peak(MethodPlan(layers: .dense()), batch: configuration.batchShape))
  }

  @Test func loqtMergesWhenPlanned() async throws {
    for method in [TrainingMethod.loqt, .loqtUnquantized] {
      let trainer = try Trainer(tinyConfiguration(method), corpus: byteCorpus())
      let record = try await finished(trainer)
      // Gaps 4, 4 + 1, 4 + 1, 4 + 1; none within the last 4 steps.
      #expect(record.merges.map(\.step) == [0, 4, 9, 14, 19])
      #expect(trainer.plannedMerges == record.merges.map(\.step))
      #expect(record.merges.allSatisfy { $0.layers.count == 14 })
    }
  }

  @Test func theMemoryModelCountsByHand() {
    // One block of width 64: four matrices 64 x 64, three 64 x 128, two embeddings of 10 x 64, three
    // norms.
    let model = MemoryModel(
      LlamaConfiguration(
        vocabularySize: 10, hiddenSize: 64, intermediateSize: 128, layers: 1, heads: 2))
    let (linear, rest) = (4 * 4_096 + 3 * 8_192, 2 * 640 + 3 * 64)
    let full = model.breakdown(MethodPlan(layers: .dense()))
    #expect(full.weights == 4 * (linear + rest))
    #expect(full.optimizer == 8 * (linear + rest))
    #expect(full.gradients == 4 * 8_192)
    let loqt = model.breakdown(
      MethodPlan(layers: .loqt(LoQTConfiguration(rank: 16), .once)))
    // Half a byte per element, a byte per block of 64, two floats per matrix for up to 256 blocks.
    #expect(loqt.weights == linear / 2 + linear / 64 + 7 * 8 + 4 * rest)
    #expect(loqt.projections == 7 * (16 * 64 / 2 + 16 + 8))
    #expect(loqt.adapters == 4 * 16 * (4 * 64 + 3 * 128))
    #expect(loqt.optimizer == 2 * loqt.adapters + 8 * rest)
    #expect(loqt.gradients == 4 * 16 * 128)
  }

  /// Bytes per element of W; of the projections for r min(m, n); of the factors for r max(m, n) and
  /// r min(m, n); of the optimizer state for W, r max(m, n) and r min(m, n).
  static let pages: [(TrainingMethod, [Double])] = [
    (.full, [4, 0, 0, 0, 8, 0, 0]), (.lowRank, [0, 0, 4, 4, 0, 8, 8]),
    (.lora, [4, 0, 4, 4, 0, 8, 8]), (.qlora, [0.51587, 0, 4, 4, 0, 8, 8]),
    (.loftq, [0.51587, 0, 4, 4, 0, 8, 8]), (.relora, [4, 0, 4, 4, 0, 8, 8]),
    (.galore, [4, 4, 0, 0, 0, 8, 0]), (.qGaLore, [1.03125, 0.53125, 0, 0, 0, 2.03125, 0]),
    (.fira, [4, 4, 0, 0, 0, 8, 0]), (.apollo, [4, 0, 0, 0, 0, 8, 0]),
    (.apolloMini, [4, 0, 0, 0, 0, 8, 0]), (.adaRankGrad, [4, 4, 0, 0, 0, 8, 0]),
    (.loqtUnquantized, [4, 4, 4, 0, 0, 8, 0]),
    (.loqt, [0.51587, 0.51587, 4, 0, 0, 8, 0]), (.frozen, [4, 0, 0, 0, 0, 0, 0]),
  ]

  /// The pages are those of the methods in the documentation.
  @Test(arguments: pages)
  func theMemoryModelIsThatOfThePages(_ method: TrainingMethod, _ c: [Double]) throws {
    let model = try TrainingConfiguration.model(preset: "60m")
    let plan = try TrainingConfiguration(
      model: model, method: method, options: .with { $0.rank = 256 }
    ).plan
    let bytes = MemoryModel(model).breakdown(plan)
    let rank = method == .apolloMini ? 1.0 : 256
    var (n, short, long) = (0.0, 0.0, 0.0)
    for layer in model.linearShapes {
      let (out, input) = (layer.out, layer.in)
      n += Double(out * input)
      short += rank * Double(min(out, input))
      long += rank * Double(max(out, input))
    }
    let others = Double(model.parameterCount - model.linearParameterCount)
    // The scales of a matrix's last, short block, and two floats for each double quantisation.
    func isEqual(_ counted: Int, _ formula: Double) -> Bool {
      abs(Double(counted) - formula) <= 0.002 * formula
    }
    #expect(isEqual(bytes.weights, c[0] * n + 4 * others), "\(bytes.weights)")
    #expect(isEqual(bytes.projections, c[1] * short), "\(bytes.projections)")
    #expect(isEqual(bytes.adapters, c[2] * long + c[3] * short), "\(bytes.adapters)")
    #expect(
      isEqual(bytes.optimizer, c[4] * n + c[5] * long + c[6] * short + 8 * others),
      "\(bytes.optimizer)")
  }

  @Test func everyMethodHasAPage() {
    #expect(Set(Self.pages.map(\.0)) == Set(TrainingMethod.allCases))
  }

  @Test func methodsStartFromTheSameModel() throws {
    let corpus = try byteCorpus()
    // Matrices that are products or quantised from the start cannot be the same.
    let others: Set<TrainingMethod> = [.lowRank, .qlora, .loftq, .qGaLore]
    let starts = try TrainingMethod.allCases.filter { !others.contains($0) }.map { method in
      try Trainer(tinyConfiguration(method), corpus: corpus).model.meanLoss(
        over: .all(of: corpus.validation, sequence: 16, batchSize: 4))
    }
    // The same matrices until the first merge; products of a stored and of a plain matrix may round
    // differently.
    #expect(starts.allSatisfy { abs($0 - starts[0]) < 1e-5 })
  }

  @Test func aCancelledRunStopsAfterItsStep() async throws {
    let corpus = try byteCorpus()
    let task = Task {
      let trainer = try Trainer(tinyConfiguration(.loqt, steps: 1_000), corpus: corpus)
      for try await event in trainer {
        if case .step(let progress) = event, progress.step == 3 {
          withUnsafeCurrentTask { $0?.cancel() }
        }
      }
      return trainer.finish(isInterrupted: true)
    }
    let record = try await task.value
    #expect(record.steps.count == 3)
    #expect(record.validationLoss.isNaN)
  }

  @Test func progressCountsDown() async throws {
    let trainer = try Trainer(tinyConfiguration(.loqt), corpus: byteCorpus())
    for try await event in trainer {
      guard case .step(let progress) = event else { continue }
      #expect(progress.remainingSeconds > 0 && progress.remainingSeconds.isFinite)
      #expect(progress.tokensPerSecond > 0 && progress.residentBytes > 1_000_000)
    }
    #expect(trainer.step == 24)
  }

  @Test func aSummaryHasItsKeys() async throws {
    let trainer = try Trainer(tinyConfiguration(.loqt), corpus: byteCorpus())
    let record = try await finished(trainer)
    let summary = record.summary
    #expect(
      summary.objectValue?.keys == [
        "method", "seed", "steps", "skipped_steps", "tokens", "parameter_count", "validation_loss",
        "validation_perplexity", "bits_per_byte", "classification", "tokens_per_second",
        "wall_seconds",
        "peak_resident_bytes", "tensor_bytes", "estimated_tensor_bytes", "operations_per_step",
        "step_seconds", "data", "bytes", "peak_bytes", "merges",
      ])
    #expect(
      summary["bytes"]?.objectValue?.keys == [
        "weights", "projections", "adapters", "optimizer", "gradients", "activations", "scratch",
        "projection_event", "other",
      ])
    let merges = try #require(summary["merges"]?.arrayValue)
    #expect(merges.count == 5)
    for merge in merges {
      #expect(
        merge.objectValue?.keys == [
          "step", "survival", "relative_error", "loss_before", "loss_after", "angle", "seconds",
          "layers",
        ])
    }
    #expect(summary["tokens"]?.integerValue == 24 * 64)
    #expect(merges[0]["survival"] == .null)
    #expect(try #require(merges[1]["survival"]?.numberValue) > 0.1)
  }

  @Test("A model that a step has ruined has a problem, though the loss of that step was a number")
  func ruinedModels() async throws {
    func trained(learningRate: Double) async throws -> LanguageModelTrainer {
      let trainer = try Trainer(
        TrainingConfiguration(
          model: tinyModel, method: .full, steps: 3, batchSize: 4, sequence: 16,
          learningRate: learningRate, schedule: .constant),
        corpus: byteCorpus(8_000))
      for try await event in trainer {
        if case .step(let progress) = event {
          #expect(progress.loss.isFinite)
          break
        }
      }
      return trainer
    }
    #expect(try await trained(learningRate: 0.01).problem == nil)
    let infinite = try await trained(learningRate: 1e30)
    #expect(try infinite.problem?.contains("no finite number") == true)
    let large = try await trained(learningRate: 100)
    #expect(try large.problem?.contains("far above") == true)
  }

  @Test("After a number of steps in a row whose loss is no number the run ends")
  func stepsThatAreSkipped() async throws {
    let trainer = try Trainer(
      TrainingConfiguration(
        model: tinyModel, method: .full, steps: 30, batchSize: 4, sequence: 16,
        learningRate: 1e30, schedule: .constant, validationTokens: 0),
      corpus: byteCorpus(8_000))
    trainer.optimizer.patience = 7
    let error = await #expect(throws: TrainingError.self) { for try await _ in trainer {} }
    #expect(error?.description.contains("7 steps in a row, up to step 8") == true, "\(error!)")
    // The last one ends the run before it is recorded.
    #expect(trainer.record.skippedSteps == 6)
  }
}
