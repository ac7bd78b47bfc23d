internal import Autodiff
internal import Layers
public import Tensors

extension Llama {
  /// Continues a text token by token.
  ///
  /// Each token is drawn from the model's distribution after the last `maxPositions` tokens, which
  /// are computed anew each time.
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
    precondition(!prompt.isEmpty, "Llama.generate: the prompt is empty")
    precondition(
      temperature >= 0 && (topK ?? 1) >= 1,
      "Llama.generate: temperature \(temperature), topK \(topK ?? 0)")
    var tokens = prompt
    for _ in 0..<count {
      let window = Array(tokens.suffix(configuration.maxPositions))
      tokens.append(
        sample(nextLogits(after: window), temperature, topK, &random))
    }
    return Array(tokens[prompt.count...])
  }

  private func nextLogits(after window: [Int32]) -> [Float] {
    withoutGradient {
      let states = hiddenStates(Tensor(window, shape: [1, window.count]))
      let last = states.sliced(window.count - 1..<window.count, alongAxis: 1)
      return linear(last, Variable(head?.weight ?? embedding.weight)).tensor.scalars
    }
  }

  private func sample(
    _ logits: [Float], _ temperature: Double, _ topK: Int?, _ random: inout RandomSource
  ) -> Int32 {
    // Ties go to the smaller token, so that the order is the same everywhere.
    var order = Array(logits.indices)
    order.sort { (logits[$0], $1) > (logits[$1], $0) }
    guard temperature > 0 else { return Int32(order[0]) }
    if let topK { order.removeLast(max(0, order.count - topK)) }
    let scaled = Tensor(order.map { Double(logits[$0]) / temperature })
    var left = Double.random(in: 0..<1, using: &random)
    for (token, probability) in zip(order, softmax(scaled).scalars) {
      left -= probability
      if left < 0 { return Int32(token) }
    }
    return Int32(order[0])
  }
}
