internal import Autodiff
internal import Layers
public import Tensors

/// Continues texts with a model, and reuses the keys and values of the previous text.
///
/// If the next text begins with the same tokens, as the turns of a conversation do, only the rest is
/// computed.
///
/// ```swift
/// var session = GenerationSession(model)
/// let answer = session.generate(prompt: question, count: 100, sampling: sampling, random: &random)
/// let next = session.generate(prompt: question + answer + more, count: 100, ...)
/// ```
public struct GenerationSession {
  /// The model.
  public let model: any LanguageModel
  private var caches: [KeyValueCache] = []
  /// The texts whose keys and values are in the caches.
  private var read: [[Int32]] = []

  /// A session that has read nothing.
  public init(_ model: any LanguageModel) { self.model = model }

  /// Bytes of the kept keys and values.
  public var byteCount: Int { caches.reduce(0) { $0 + $1.byteCount } }

  private var maxPositions: Int {
    let configuration: any ModelConfiguration = model.configuration
    return configuration.maxPositions
  }

  /// Continues one text; see `generate(prompts:count:sampling:random:goesOn:)`.
  ///
  /// - Parameters:
  ///   - prompt: The tokens to continue, at least one.
  ///   - count: The most tokens to add.
  ///   - sampling: How tokens are drawn.
  ///   - random: The source of the draws.
  ///   - goesOn: Receives each added token, and returns false to end the text with it.
  /// - Returns: The added tokens.
  public mutating func generate(
    prompt: [Int32], count: Int, sampling: Sampling, random: inout RandomSource,
    goesOn: (_ token: Int32) -> Bool = { _ in true }
  ) -> [Int32] {
    generate(
      prompts: [prompt], count: count, sampling: sampling, random: &random,
      goesOn: { token, _ in goesOn(token) })[0]
  }

  /// Continues several texts of any lengths at once, each until `goesOn` ends it.
  ///
  /// Each token is drawn from the model's distribution after the last `maxPositions` tokens. In longer
  /// texts that window moves and is recomputed for every token.
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
  public mutating func generate(
    prompts: [[Int32]], count: Int, sampling: Sampling, random: inout RandomSource,
    goesOn: (_ token: Int32, _ prompt: Int) -> Bool = { _, _ in true }
  ) -> [[Int32]] {
    precondition(prompts.allSatisfy { !$0.isEmpty }, "GenerationSession: the prompt is empty")
    guard !prompts.isEmpty else { return [] }
    var texts = prompts
    var lengths: [Int?] = prompts.map { _ in nil }
    for added in 0..<count {
      let logits = nextLogits(after: texts, room: count - added)
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

  /// The logits `[texts, vocabulary]` of the token after each text; the caches keep room for `room` more.
  private mutating func nextLogits(after texts: [[Int32]], room: Int) -> Tensor<Float> {
    let positions = maxPositions
    if let kept = reusablePlaces(of: texts) {
      let places = texts[0].count + caches[0].padding[0]
      for index in caches.indices {
        caches[index].truncate(to: kept)
        caches[index].reserveCapacity(min(positions, places + room))
      }
      read = texts
      return logits(texts.map { $0.suffix(places - kept) })
    }
    let windows = texts.map { $0.suffix(positions) }
    let places = windows.map(\.count).max() ?? 0
    let padding = windows.map { places - $0.count }
    caches = model.makeCaches(capacity: min(positions, places + room), padding: padding)
    read = windows.map { Array($0) }
    return logits(zip(windows, padding).map { Array(repeating: 0, count: $1)[...] + $0 })
  }

  /// How many cached positions hold the beginnings of the texts, leaving at least one token of each to
  /// compute; nil if none can be reused.
  private func reusablePlaces(of texts: [[Int32]]) -> Int? {
    guard let padding = caches.first?.padding, padding.count == texts.count else { return nil }
    let ends = zip(texts, padding).map { $0.count + $1 }
    guard let end = ends.first, ends.allSatisfy({ $0 == end }),
      end <= maxPositions
    else { return nil }
    let shared = zip(zip(texts, read), padding).map { pair, padding in
      padding + zip(pair.0, pair.1).prefix { $0 == $1 }.count
    }
    let kept = min(shared.min() ?? 0, end - 1, caches[0].count)
    return kept > 0 && kept >= padding.max() ?? 0 ? kept : nil
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
