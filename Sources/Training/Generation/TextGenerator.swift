public import LanguageModels
public import Tensors
public import Tokenization

/// Continues texts with a model: tokens in, characters out as they come.
///
/// ```swift
/// var generator = TextGenerator(model: model, tokenizer: tokenizer)
/// var random = RandomSource(seed: 0)
/// let text = generator.generate(after: tokenizer.encode("Once upon"), random: &random)
/// ```
public struct TextGenerator {
  /// What makes text of the tokens.
  public let tokenizer: any Tokenizer
  /// How tokens are drawn.
  public var sampling: Sampling
  /// Tokens to add at most.
  public var limit: Int
  /// Tokens that end a text, and are not part of it.
  public var endTokens: Set<Int32>
  /// Texts that end a text where they appear, and are not part of it.
  public var stops: [String]
  private var session: GenerationSession

  /// A generator that has read nothing. It ends a text at the tokenizer's end token unless told
  /// otherwise.
  ///
  /// - Parameters:
  ///   - model: What continues.
  ///   - tokenizer: That of the model.
  ///   - sampling: How tokens are drawn.
  ///   - limit: Tokens to add at most.
  ///   - endTokens: Tokens that end a text; the tokenizer's own when nil.
  ///   - stops: Texts that end a text where they appear.
  public init(
    model: any LanguageModel, tokenizer: any Tokenizer, sampling: Sampling = Sampling(),
    limit: Int = 100, endTokens: Set<Int32>? = nil, stops: [String] = []
  ) {
    self.tokenizer = tokenizer
    self.sampling = sampling
    self.limit = limit
    self.endTokens = endTokens ?? Set([tokenizer.namedTokens.eos].compactMap { $0 })
    self.stops = stops.filter { !$0.isEmpty }
    session = GenerationSession(model)
  }

  /// The longest text that the model was made for, in tokens.
  public var maxPositions: Int {
    let configuration: any ModelConfiguration = session.model.configuration
    return configuration.maxPositions
  }

  /// What a model has written.
  public struct Output: Sendable, Equatable {
    /// The text, without what ended it.
    public var text: String
    /// How many tokens were drawn, with that which ended the text.
    public var tokenCount: Int
    /// Why it ended.
    public var ending: Ending

    package init(text: String, tokenCount: Int, ending: Ending) {
      self.text = text
      self.tokenCount = tokenCount
      self.ending = ending
    }
  }

  /// Why a text ended.
  public enum Ending: String, Sendable {
    /// It has as many tokens as were asked for.
    case limit
    /// The model drew a token that ends it.
    case endToken = "end_token"
    /// A text appeared that ends it.
    case stop
    /// The caller did not want more.
    case caller
  }

  /// Continues a prompt. What it shares with the last text is not computed again.
  ///
  /// - Parameters:
  ///   - prompt: The tokens to continue, at least one, in the model's vocabulary. Traps otherwise.
  ///   - random: Where the draws come from.
  ///   - show: Given the text in pieces of whole characters as it comes; false ends it.
  /// - Returns: The whole text.
  public mutating func generate(
    after prompt: [Int32], random: inout RandomSource, show: (String) -> Bool = { _ in true }
  ) -> Output {
    let endTokens = endTokens
    var text = TokenText(after: prompt, tokenizer)
    var filter = StopFilter(stops)
    var output = Output(text: "", tokenCount: 0, ending: .limit)
    func give(_ bytes: [UInt8]) -> Bool {
      let piece = String(decoding: bytes, as: UTF8.self)
      output.text += piece
      return piece.isEmpty || show(piece)
    }
    _ = session.generate(prompt: prompt, count: limit, sampling: sampling, random: &random) {
      token in
      output.tokenCount += 1
      if endTokens.contains(token) {
        output.ending = .endToken
        return false
      }
      let goesOn = give(filter.append(text.append(token)))
      if filter.isStopped {
        output.ending = .stop
      } else if !goesOn {
        output.ending = .caller
      }
      return output.ending == .limit
    }
    if output.ending == .limit || output.ending == .endToken {
      _ = give(filter.append(text.rest()) + filter.held)
    }
    return output
  }
}

/// Passes a text on as it comes, but for a stop and what follows; the beginning of what may become one
/// is held back.
private struct StopFilter {
  private let stops: [[UInt8]]
  /// What is held back.
  private(set) var held: [UInt8] = []
  /// Whether a stop has appeared.
  private(set) var isStopped = false

  init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) } }

  /// Adds to the text, and gives what may be passed on.
  mutating func append(_ bytes: [UInt8]) -> [UInt8] {
    held += bytes
    let places = stops.compactMap { stop in
      held.indices.first { held[$0...].starts(with: stop) }
    }
    isStopped = !places.isEmpty
    let beginnings = stops.map { stop in
      (1..<max(1, stop.count)).last { held.suffix($0).elementsEqual(stop.prefix($0)) } ?? 0
    }
    let ready = places.min() ?? held.count - (beginnings.max() ?? 0)
    let passed = Array(held[..<ready])
    held = isStopped ? [] : Array(held[ready...])
    return passed
  }
}
