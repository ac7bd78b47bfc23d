import Autodiff
import LanguageModels
import Layers
import Tensors
import Testing

@Suite struct LlamaGenerationTests {
  static let model = LlamaConfiguration(
    vocabularySize: 20, hiddenSize: 16, intermediateSize: 24, layers: 1, heads: 2,
    maxPositions: 6, initializerDeviation: 1)

  private func generate(
    _ prompt: [Int32] = [1, 2, 3], count: Int = 40, temperature: Double = 1, topK: Int? = nil,
    seed: UInt64 = 1
  ) -> [Int32] {
    let model = Llama(Self.model, using: .dense(seed: 2))
    var random = RandomSource(seed: seed)
    return model.generate(
      prompt: prompt, count: count, temperature: temperature, topK: topK, random: &random)
  }

  @Test("The same seed draws the same tokens, and another seed draws others")
  func seeds() {
    #expect(generate() == generate())
    #expect(generate() != generate(seed: 2))
    #expect(generate().count == 40)
    #expect(generate(count: 0) == [])
  }

  @Test("Top-k of 1 and a temperature near 0 are greedy")
  func greedy() {
    let greedy = generate(temperature: 0)
    #expect(generate(topK: 1) == greedy)
    #expect(generate(temperature: 1e-4) == greedy)
    #expect(generate(temperature: 5) != greedy)
  }

  @Test("Only the end of a prompt that exceeds the positions counts")
  func window() {
    let end: [Int32] = [4, 5, 6, 7, 8, 9]
    #expect(generate([1, 2, 3] + end) == generate(end))
  }

  @Test("Draws follow the probabilities")
  func distribution() {
    // Many draws after the same prompt: counts against the softmax of the logits.
    let model = Llama(Self.model, using: .dense(seed: 2))
    let logits = model.logits(Tensor([3, 1], shape: [1, 2])).tensor.element(at: 0).element(at: 1)
    let expected = softmax(logits.converted(to: Double.self) / 2).scalars
    var random = RandomSource(seed: 7)
    var counts = [Double](repeating: 0, count: 20)
    let draws = 2000
    for _ in 0..<draws {
      let token = model.generate(prompt: [3, 1], count: 1, temperature: 2, random: &random)[0]
      counts[Int(token)] += 1
    }
    for (count, probability) in zip(counts, expected) {
      // Five standard deviations of a binomial count.
      let deviation = (Double(draws) * probability * (1 - probability)).squareRoot()
      #expect(abs(count - Double(draws) * probability) <= 5 * deviation + 1)
    }
  }

  /// The likeliest continuation, recomputing the whole text for each token.
  private func continuation(_ model: Llama, _ prompt: [Int32], count: Int) -> [Int32] {
    var text = prompt
    for _ in 0..<count {
      let window = Array(text.suffix(model.configuration.maxPositions))
      let logits = withoutGradient { model.logits(Tensor(window, shape: [1, window.count])) }
      text.append(
        logits.tensor.element(at: 0).element(at: window.count - 1).argmax(squeezingAxis: 0).scalar)
    }
    return Array(text[prompt.count...])
  }

  @Test("Kept keys and values give the tokens of a recomputation, within the window and beyond")
  func cached() {
    for keyHeads in [1, 2] {
      var configuration = Self.model
      (configuration.layers, configuration.maxPositions) = (3, 24)
      (configuration.keyHeads, configuration.initializerDeviation) = (keyHeads, 0.4)
      let model = Llama(configuration, using: .dense(seed: 4))
      for length in [1, 5, 23, 24, 30] {
        let prompt = (0..<length).map { Int32($0 * 7 % 20) }
        var random = RandomSource(seed: 1)
        let added = model.generate(prompt: prompt, count: 30, temperature: 0, random: &random)
        #expect(added == continuation(model, prompt, count: 30), "\(length) tokens")
      }
    }
  }

  @Test("Texts of several lengths have the same tokens together as alone")
  func batched() {
    var configuration = Self.model
    (configuration.layers, configuration.maxPositions) = (2, 16)
    configuration.initializerDeviation = 0.4
    let model = Llama(configuration, using: .dense(seed: 4))
    let prompts: [[Int32]] = [[1, 2, 3, 4, 5, 6, 7], [9], [3, 3, 8], [1, 2, 3, 4, 5, 6, 8]]
    var random = RandomSource(seed: 1)
    let added = model.generate(prompts: prompts, count: 20, temperature: 0, random: &random)
    for (prompt, added) in zip(prompts, added) {
      #expect(added == continuation(model, prompt, count: 20))
    }
    #expect(model.generate(prompts: [], count: 3, random: &random) == [])
  }

  @Test("Caches hold keys and values for the prompt and the added tokens only")
  func room() {
    let model = Llama(Self.model, using: .dense(seed: 2))
    let caches = model.makeCaches(capacity: 5, padding: [0, 2])
    #expect(caches.count == 1)
    #expect(caches[0].byteCount == 2 * 2 * 5 * 16 * 4)
  }
}
