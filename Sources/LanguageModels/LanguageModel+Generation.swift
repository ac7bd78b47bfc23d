internal import Autodiff
internal import Layers
public import Tensors

extension LanguageModel {
  /// Continues a text token by token.
  ///
  /// Each token is drawn from the model's distribution after the last `maxPositions` tokens. Keys and
  /// values of earlier tokens are kept while the text has no more than these; beyond, the window moves
  /// and is computed anew each time.
  ///
  /// - Parameters:
  ///   - prompt: The tokens to continue, at least one.
  ///   - count: How many tokens to add.
  ///   - temperature: Divides the logits: below 1 favours likely tokens, 0 always takes the likeliest.
  ///   - topK: Draws among this many of the likeliest tokens; all when left out.
  ///   - random: Where the draws come from.
  /// - Returns: The added tokens. Traps on an empty prompt, a token outside the vocabulary, a negative
  ///   temperature and a `topK` below 1.
  public func generate(
    prompt: [Int32], count: Int, temperature: Double = 1, topK: Int? = nil,
    random: inout RandomSource
  ) -> [Int32] {
    generate(
      prompts: [prompt], count: count, temperature: temperature, topK: topK, random: &random)[0]
  }

  /// Continues several texts at once, which need not be of one length; otherwise as for one.
  ///
  /// - Returns: The tokens added to each prompt.
  public func generate(
    prompts: [[Int32]], count: Int, temperature: Double = 1, topK: Int? = nil,
    random: inout RandomSource
  ) -> [[Int32]] {
    precondition(prompts.allSatisfy { !$0.isEmpty }, "\(Self.self).generate: the prompt is empty")
    precondition(
      temperature >= 0 && (topK ?? 1) >= 1,
      "\(Self.self).generate: temperature \(temperature), topK \(topK ?? 0)")
    let sampling = Sampling(temperature: temperature, topK: topK)
    return generate(prompts: prompts, count: count, sampling: sampling, random: &random)
  }

  /// Continues several texts at once, which need not be of one length, each until it says stop.
  ///
  /// - Parameters:
  ///   - prompts: The tokens to continue, at least one of each.
  ///   - count: How many tokens to add at most.
  ///   - sampling: How tokens are drawn.
  ///   - random: Where the draws come from.
  ///   - goesOn: Told each token that is added and to which prompt; false ends that text with the token.
  /// - Returns: The tokens added to each prompt. Traps on an empty prompt and a token outside the
  ///   vocabulary.
  public func generate(
    prompts: [[Int32]], count: Int, sampling: Sampling, random: inout RandomSource,
    goesOn: (_ token: Int32, _ prompt: Int) -> Bool = { _, _ in true }
  ) -> [[Int32]] {
    precondition(prompts.allSatisfy { !$0.isEmpty }, "\(Self.self).generate: the prompt is empty")
    guard !prompts.isEmpty else { return [] }
    var decoding = Decoding(model: self, adding: count)
    var texts = prompts
    var lengths: [Int?] = prompts.map { _ in nil }
    for _ in 0..<count {
      let logits = decoding.nextLogits(after: texts)
      for index in texts.indices {
        let token = sampling.draw(logits.element(at: index), after: texts[index], &random)
        texts[index].append(token)
        if lengths[index] == nil, !goesOn(token, index) { lengths[index] = texts[index].count }
      }
      if lengths.allSatisfy({ $0 != nil }) { break }
    }
    return texts.indices.map { index in
      Array(texts[index][prompts[index].count..<(lengths[index] ?? texts[index].count)])
    }
  }
}

/// The state of a model that continues texts: the keys and values of what it has read.
private struct Decoding<Model: LanguageModel> {
  let model: Model
  /// How many tokens will be added, to find room for them at once.
  let added: Int
  private var caches: [KeyValueCache] = []

  init(model: Model, adding added: Int) {
    self.model = model
    self.added = added
  }

  /// The logits `[texts, vocabulary]` of the token that follows each text. Each text must be that of
  /// the call before with one token more.
  mutating func nextLogits(after texts: [[Int32]]) -> Tensor<Float> {
    let positions = model.configuration.maxPositions
    let longest = texts.map(\.count).max() ?? 0
    if let cache = caches.first, longest <= positions, longest == cache.count + 1 {
      return logits(texts.map { $0[($0.count - 1)...] })
    }
    let windows = texts.map { $0.suffix(positions) }
    let length = min(longest, positions)
    let padding = windows.map { length - $0.count }
    caches = model.makeCaches(capacity: min(positions, length + added), padding: padding)
    return logits(
      zip(windows, padding).map { Array(repeating: 0, count: $1)[...] + $0 })
  }

  private mutating func logits(_ tokens: [ArraySlice<Int32>]) -> Tensor<Float> {
    withoutGradient {
      let input = Tensor(tokens.flatMap { $0 }, shape: [tokens.count, tokens[0].count])
      let states = model.hiddenStates(input, caches: &caches)
      let last = states.sliced(tokens[0].count - 1..<tokens[0].count, alongAxis: 1)
      return model.logits(of: last).tensor.reshaped(to: [tokens.count, -1])
    }
  }
}
