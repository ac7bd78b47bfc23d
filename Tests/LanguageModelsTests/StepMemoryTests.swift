import Autodiff
import LanguageModels
import Layers
import Optimizers
import Tensors
import Testing

/// The peak of live tensors is the whole process's, so each of these runs in a process of its own.
@Suite struct StepMemoryTests {
  /// What a step of `model` takes at most, beyond what lives before it.
  static func measured(
    _ configuration: LlamaConfiguration, batch: Int, tokens: Int,
    _ use: LlamaConfiguration.GradientUse, _ recomputes: Bool
  ) throws -> Int {
    var model = Llama(configuration, using: .dense(seed: 1))
    model.recomputesBlocks = recomputes
    let optimizer = AdamW(learningRate: .constant(1e-4))
    let ids = Tensor(
      (0..<batch * tokens).map { Int32($0 * 7919 % configuration.vocabularySize) },
      shape: [batch, tokens])
    var peak = 0
    // The first step also makes the optimizer's state.
    for step in 0..<2 {
      let before = TensorMemory.liveBytes
      TensorMemory.resetPeak()
      let loss = model.loss(tokens: ids, labels: ids)
      var gradients = Gradients()
      try backward(from: loss) { event in
        guard case .dense(let parameter, let gradient) = event else { return }
        switch use {
        case .streamed: optimizer.update(parameter, gradient.float, step: step)
        case .collected: gradients.add(gradient, for: parameter)
        }
      }
      gradients.drain { optimizer.update($0, $1.float, step: step) }
      peak = TensorMemory.peakBytes - before
    }
    return peak
  }

  /// Long beside small matrices, short beside large ones, a large vocabulary, a shared matrix.
  static let models: [(LlamaConfiguration, batch: Int, tokens: Int)] = [
    (
      LlamaConfiguration(
        vocabularySize: 500, hiddenSize: 64, intermediateSize: 176, layers: 4, heads: 4), 8, 128
    ),
    (
      LlamaConfiguration(
        vocabularySize: 300, hiddenSize: 192, intermediateSize: 512, layers: 3, heads: 6,
        keyHeads: 2), 2, 32
    ),
    (
      LlamaConfiguration(
        vocabularySize: 8000, hiddenSize: 96, intermediateSize: 256, layers: 2, heads: 3), 4, 64
    ),
    (
      LlamaConfiguration(
        vocabularySize: 2000, hiddenSize: 96, intermediateSize: 256, layers: 2, heads: 6,
        keyHeads: 3, tiesEmbeddings: true), 4, 64
    ),
  ]

  static func expectFormula(
    _ use: LlamaConfiguration.GradientUse, _ recomputes: Bool
  ) throws {
    for (configuration, batch, tokens) in models {
      let measured = try measured(configuration, batch: batch, tokens: tokens, use, recomputes)
      let formula = configuration.stepPeakByteCount(
        batch: batch, tokens: tokens, gradients: use, recomputesBlocks: recomputes)
      let ratio = Double(measured) / Double(formula)
      #expect(
        abs(ratio - 1) <= 0.05, "\(configuration), \(use): \(measured) bytes, formula \(formula)")
    }
  }

  @Test("A plain step that holds its gradients peaks within 5 % of the formula")
  func plain() async {
    await #expect(processExitsWith: .success) {
      try StepMemoryTests.expectFormula(.collected, false)
    }
  }

  @Test("So does one with recomputed blocks")
  func recomputed() async {
    await #expect(processExitsWith: .success) {
      try StepMemoryTests.expectFormula(.collected, true)
    }
  }

  @Test("So does one with updates inside the pass")
  func streamed() async {
    await #expect(processExitsWith: .success) {
      try StepMemoryTests.expectFormula(.streamed, false)
    }
  }

  @Test("So does one with both")
  func both() async {
    await #expect(processExitsWith: .success) {
      try StepMemoryTests.expectFormula(.streamed, true)
    }
  }
}
