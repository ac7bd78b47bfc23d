import Autodiff
import LanguageModels
import Layers
import Optimizers
import Tensors
import Testing

/// The peak of live tensors is counted per process, so each of these tests runs in a separate one.
@Suite struct StepMemoryTests {
  /// The peak of a step of `model` beyond the bytes before it.
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
    // The first step also allocates the optimizer state.
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

  /// Long texts with small matrices, short ones with large matrices, a large vocabulary, a shared matrix.
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

  @Test("A step with recomputed blocks peaks within 5 % of the formula")
  func recomputed() async {
    await #expect(processExitsWith: .success) {
      try StepMemoryTests.expectFormula(.collected, true)
    }
  }

  @Test("A step with updates inside the pass peaks within 5 % of the formula")
  func streamed() async {
    await #expect(processExitsWith: .success) {
      try StepMemoryTests.expectFormula(.streamed, false)
    }
  }

  @Test("A step with recomputed blocks and updates inside the pass peaks within 5 % of the formula")
  func both() async {
    await #expect(processExitsWith: .success) {
      try StepMemoryTests.expectFormula(.streamed, true)
    }
  }
}
