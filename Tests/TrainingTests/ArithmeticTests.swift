import LanguageModels
import Layers
import LoQT
import Optimizers
import Quantization
import QuantizedLayers
import TensorFiles
import TestSupport
import Tensors
import Testing
import Training

@Suite struct ArithmeticTests {
  private func trainer(_ method: TrainingMethod, _ arithmetic: Arithmetic?, _ corpus: Corpus) throws
    -> LanguageModelTrainer
  {
    try Trainer(
      TrainingConfiguration(
        model: tinyModel, method: method,
        options: .with {
          $0.rank = 8
          $0.mergeGap = 4
          $0.arithmetic = arithmetic
        }, steps: 12, batchSize: 4, sequence: 16, learningRate: 0.02, evaluationInterval: 100),
      corpus: corpus)
  }

  @Test(arguments: [TrainingMethod.loqt, .qlora, .qGaLore])
  func trainingInIntegersLearnsAsWell(_ method: TrainingMethod) async throws {
    let corpus = try byteCorpus(8_000)
    let floats = try await finished(trainer(method, .float, corpus)).validationLoss
    let integers = try await finished(trainer(method, .int8, corpus)).validationLoss
    #expect(floats != integers)
    // Twelve steps of a tiny model: paths differ by the rounding of single products.
    #expect(abs(floats - integers) < 0.05)
  }

  @Test func theRunSaysSo() throws {
    let corpus = try byteCorpus(8_000)
    func arithmetic(_ trainer: LanguageModelTrainer) -> String? {
      trainer.configuration.settings.first { $0.name == "arithmetic" }?.value
    }
    #expect(try arithmetic(trainer(.loqt, .int8, corpus)) == "8-bit integers")
    #expect(try arithmetic(trainer(.loqt, nil, corpus)) == nil)
  }

  /// In a process of its own, as sums of floats may be added in a different order while other tests
  /// use the threads.
  @Test func aSeedGivesTheSameBytesAndSoDoesAResumedRun() async {
    await #expect(processExitsWith: .success) {
      let tests = ArithmeticTests()
      let corpus = try byteCorpus(8_000)
      let expected = try await finished(tests.trainer(.loqt, .int8, corpus))
      let again = try await finished(tests.trainer(.loqt, .int8, corpus))
      #expect(again.steps.map(\.loss) == expected.steps.map(\.loss))
      #expect(again.validationLoss == expected.validationLoss)
      let first = try tests.trainer(.loqt, .int8, corpus)
      for try await event in first {
        if case .step(let progress) = event, progress.step == 6 { break }
      }
      let folder = try makeTemporaryFolder()
      defer { removeTemporaryFolder(folder) }
      try Checkpoint(first).write(to: folder + "/checkpoint")
      let second = try Trainer(resuming: folder + "/checkpoint", corpus: corpus)
      #expect(second.configuration.plan.arithmetic == .int8)
      let layers = second.model.modules(ofType: (any PackedProductLayer).self)
      #expect(!layers.isEmpty && layers.allSatisfy { $0.module.arithmetic == .int8 })
      #expect(try await finished(second).steps.map(\.loss) == expected.steps.map(\.loss))
    }
  }

  @Test(arguments: [TrainingMethod.full, .lora, .loqtUnquantized, .frozen])
  func aMethodWithoutPackedMatricesRefuses(_ method: TrainingMethod) throws {
    let error = #expect(throws: InputError.self) { try trainer(method, .int8, byteCorpus(8_000)) }
    #expect(
      error?.description
        == "--arithmetic int8 multiplies by packed matrices, and \(method.name) has none with these "
        + "options. Leave it out, or choose a method with packed matrices such as loqt or qlora.")
    #expect(throws: Never.self) { try trainer(method, .float, byteCorpus(8_000)) }
  }
}
