public import Tensors

extension LanguageModel {
  /// Continues a text token by token.
  ///
  /// Each token is drawn from the model's distribution after the last `maxPositions` tokens. Keys and
  /// values are cached up to that length; in longer texts the window moves and is recomputed for every
  /// token.
  ///
  /// - Parameters:
  ///   - prompt: The tokens to continue, at least one.
  ///   - count: The number of tokens to add.
  ///   - temperature: Divides the logits: below 1 favours likely tokens, 0 always takes the likeliest.
  ///   - topK: Draws among this many of the likeliest tokens; all when left out.
  ///   - random: The source of the draws.
  /// - Returns: The added tokens. Traps on an empty prompt, a token outside the vocabulary, a negative
  ///   temperature and a `topK` below 1.
  public func generate(
    prompt: [Int32], count: Int, temperature: Double = 1, topK: Int? = nil,
    random: inout RandomSource
  ) -> [Int32] {
    generate(
      prompts: [prompt], count: count, temperature: temperature, topK: topK, random: &random)[0]
  }

  /// Continues several texts of any lengths at once.
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

  /// Continues several texts of any lengths at once, each until `goesOn` ends it.
  ///
  /// - Parameters:
  ///   - prompts: The tokens to continue, at least one each.
  ///   - count: The most tokens to add to each.
  ///   - sampling: How tokens are drawn.
  ///   - random: The source of the draws.
  ///   - goesOn: Receives each added token and the index of its prompt, and returns false to end that
  ///     text with it.
  /// - Returns: The tokens added to each prompt. Traps on an empty prompt and a token outside the
  ///   vocabulary.
  public func generate(
    prompts: [[Int32]], count: Int, sampling: Sampling, random: inout RandomSource,
    goesOn: (_ token: Int32, _ prompt: Int) -> Bool = { _, _ in true }
  ) -> [[Int32]] {
    var session = GenerationSession(self)
    return session.generate(
      prompts: prompts, count: count, sampling: sampling, random: &random, goesOn: goesOn)
  }
}
