import Autodiff
import LanguageModels
import Layers
import Optimizers
import TestSupport
import Tensors
import Testing

@Suite struct LlamaTrainingTests {
  static let cases: [(String, Double, String, Bool)] = LlamaFixture.names.flatMap { name in
    [(0.0, "losses_decay_0"), (0.1, "losses_decay_point_1")].flatMap { decay, losses in
      [false, true].map { (name, decay, losses, $0) }
    }
  }

  @Test("Ten AdamW steps with updates during the pass have PyTorch's losses", arguments: cases)
  func losses(_ name: String, _ decay: Double, _ tensor: String, _ recomputes: Bool) throws {
    var fixture = try LlamaFixture(name)
    fixture.model.recomputesBlocks = recomputes
    let batches = try fixture.tokens("batches", of: "training")
    let expected = try fixture.expected.tensor(tensor, of: "training", as: Double.self).scalars
    let optimizer = AdamW(learningRate: .constant(3e-3), weightDecay: decay)
    let length = batches.shape[2]
    func loss(_ step: Int) -> Variable {
      let ids = batches.element(at: step)
      return fixture.model.loss(
        tokens: ids.sliced(0..<length - 1, alongAxis: 1).contiguous(),
        labels: ids.sliced(1..<length, alongAxis: 1).contiguous())
    }
    var losses: [Double] = []
    for step in 0..<batches.shape[0] {
      let loss = loss(step)
      losses.append(loss.scalar)
      try backward(from: loss) { event in
        guard case .dense(let parameter, let gradient) = event else { return }
        optimizer.update(parameter, gradient.float, step: step)
      }
    }
    losses.append(loss(0).scalar)
    try #require(losses.count == expected.count)
    for (actual, expected) in zip(losses, expected) {
      // The first steps of Adam divide by small numbers: PyTorch's own single precision is as far
      // from its double.
      #expect(abs(actual - expected) <= 1e-5 * expected)
    }
  }

  @Test("A model of LoQT's presets starts at the loss of a uniform guess")
  func start() throws {
    var configuration = try #require(LlamaConfiguration.preset("9m"))
    configuration.vocabularySize = 300
    let model = Llama(configuration, using: .dense(seed: 3))
    var random = RandomSource(seed: 4)
    let tokens = Tensor((0..<128).map { _ in Int32.random(in: 0..<300, using: &random) })
      .reshaped(to: [2, 64])
    let loss = withoutGradient { model.loss(tokens: tokens, labels: tokens) }
    // Initial logits have a deviation of about 0.02 sqrt(128) = 0.23.
    #expect(abs(loss.scalar - 5.704) <= 0.25)
  }
}
