import Autodiff
import LanguageModels
import Layers
import Synchronization
import Tensors
import Testing

@Suite struct GenerationSessionTests {
  static let configuration: LlamaConfiguration = {
    var configuration = LlamaGenerationTests.model
    (configuration.layers, configuration.maxPositions) = (2, 24)
    configuration.initializerDeviation = 0.4
    return configuration
  }()

  /// A model that counts the tokens it computes.
  struct Counting: LanguageModel {
    var model = Llama(GenerationSessionTests.configuration, using: .dense(seed: 4))
    final class Count: Sendable {
      let value = Atomic<Int>(0)
      func take() -> Int { value.exchange(0, ordering: .relaxed) }
    }
    let count = Count()

    var configuration: LlamaConfiguration { model.configuration }
    var embedding: Embedding { model.embedding }
    var blocks: [DecoderBlock] { model.blocks }
    var head: Linear? { model.head }
    var recomputesBlocks: Bool {
      get { model.recomputesBlocks }
      set { model.recomputesBlocks = newValue }
    }
    var members: [ModuleMember] { model.members }
    func hiddenStates(_ tokens: Tensor<Int32>) -> Variable { model.hiddenStates(tokens) }
    func makeCaches(capacity: Int, padding: [Int]) -> [KeyValueCache] {
      model.makeCaches(capacity: capacity, padding: padding)
    }
    func hiddenStates(_ tokens: Tensor<Int32>, caches: inout [KeyValueCache]) -> Variable {
      count.value.add(tokens.elementCount, ordering: .relaxed)
      return model.hiddenStates(tokens, caches: &caches)
    }
  }

  private func greedy(_ model: some LanguageModel, _ prompts: [[Int32]], _ count: Int) -> [[Int32]]
  {
    var random = RandomSource(seed: 1)
    return model.generate(
      prompts: prompts, count: count, sampling: Sampling(temperature: 0), random: &random)
  }

  @Test(
    "A text that continues, returns to or replaces the previous one has the tokens of a new session"
  )
  func reuse() {
    let model = Counting()
    var session = GenerationSession(model)
    var random = RandomSource(seed: 1)
    var text: [Int32] = [1, 2, 3]
    // Each text, and how many tokens of it and its continuation are computed: the last token drawn is
    // never read.
    let turns: [(change: ([Int32]) -> [Int32], computed: Int)] = [
      ({ $0 }, 3 + 3), ({ $0 + [5, 6] }, 1 + 2 + 3), ({ $0 }, 1 + 3),
      ({ $0.prefix(4) + [7] }, 1 + 3), ({ _ in [9, 9] }, 2 + 3), ({ _ in [9] }, 1 + 3),
    ]
    for (index, turn) in turns.enumerated() {
      text = turn.change(text)
      _ = model.count.take()
      let added = session.generate(
        prompt: text, count: 4, sampling: Sampling(temperature: 0), random: &random)
      #expect(model.count.take() == turn.computed, "turn \(index)")
      #expect(added == greedy(model, [text], 4)[0], "turn \(index)")
      text += added
    }
  }

  @Test("No stale keys are read beyond the model's positions and after a return to shorter texts")
  func window() {
    let model = Counting()
    var session = GenerationSession(model)
    var random = RandomSource(seed: 1)
    let long = (0..<30).map { Int32($0 * 7 % 20) }
    for text in [long, Array(long.prefix(10)), Array(long.suffix(20)), Array(long.prefix(22))] {
      let added = session.generate(
        prompt: text, count: 5, sampling: Sampling(temperature: 0), random: &random)
      #expect(added == greedy(model, [text], 5)[0], "\(text.count) tokens")
    }
  }

  @Test(
    "Texts of several lengths reuse caches if they grow equally, and are recomputed otherwise")
  func together() {
    let model = Counting()
    var session = GenerationSession(model)
    var random = RandomSource(seed: 1)
    var texts: [[Int32]] = [[1, 2, 3, 4], [5], [6, 7]]
    for (more, computed) in [
      ([], 12 + 6), ([[8], [9], [3]], 3 * (1 + 1) + 6), ([[1], [], [2]], 36 + 6),
    ]
      as [([[Int32]], Int)]
    {
      if !more.isEmpty { texts = zip(texts, more).map { $0 + $1 } }
      _ = model.count.take()
      let added = session.generate(
        prompts: texts, count: 3, sampling: Sampling(temperature: 0), random: &random)
      #expect(model.count.take() == computed)
      #expect(added == greedy(model, texts, 3))
      texts = zip(texts, added).map { $0 + $1 }
    }
  }

  @Test("Reserving capacity only makes a cache larger")
  func cache() {
    var cache = KeyValueCache(capacity: 4, padding: [0], keyHeads: 1, headSize: 8)
    #expect(cache.byteCount == 2 * 4 * 8 * 4)
    cache.reserveCapacity(3)
    #expect(cache.capacity == 4)
    cache.reserveCapacity(10)
    #expect(cache.capacity == 10 && cache.byteCount == 2 * 10 * 8 * 4 && cache.count == 0)
  }
}
