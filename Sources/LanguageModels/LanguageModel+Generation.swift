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
    var session = GenerationSession(self)
    return session.generate(
      prompts: prompts, count: count, sampling: sampling, random: &random, goesOn: goesOn)
  }
}
