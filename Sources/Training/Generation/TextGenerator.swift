public import LanguageModels
public import Tensors
public import Tokenization

/// Continues texts with a model and returns characters as soon as they are complete.
///
/// ```swift
/// var generator = TextGenerator(model: model, tokenizer: tokenizer)
/// var random = RandomSource(seed: 0)
/// let text = generator.generate(after: tokenizer.encode("Once upon"), random: &random)
/// ```
public struct TextGenerator {
  /// The model's tokenizer.
  public let tokenizer: any Tokenizer
  /// How tokens are drawn.
  public var sampling: Sampling
  /// The most tokens to add.
  public var limit: Int
  /// Tokens that end a text and are not part of it.
  public var endTokens: Set<Int32>
  /// Strings that end a text where they appear and are not part of it.
  public var stops: [String]
  private var session: GenerationSession

  /// Creates a generator that has read nothing.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - tokenizer: The model's tokenizer.
  ///   - sampling: How tokens are drawn.
  ///   - limit: The most tokens to add.
  ///   - endTokens: Tokens that end a text, or nil for the tokenizer's end token.
  ///   - stops: Strings that end a text where they appear.
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

  /// The model's context: the most tokens that it reads at once.
  public var maxPositions: Int {
    let configuration: any ModelConfiguration = session.model.configuration
    return configuration.maxPositions
  }

  /// A generated text.
  public struct Output: Sendable, Equatable {
    /// The text, without the end token or stop.
    public var text: String
    /// The number of tokens drawn, including the end token.
    public var tokenCount: Int
    /// Why the text ended.
    public var ending: Ending

    package init(text: String, tokenCount: Int, ending: Ending) {
      self.text = text
      self.tokenCount = tokenCount
      self.ending = ending
    }
  }

  /// Why a text ended.
  public enum Ending: String, Sendable {
    /// It reached the limit.
    case limit
    /// The model drew an end token.
    case endToken = "end_token"
    /// A stop appeared.
    case stop
    /// The caller ended it.
    case caller
  }

  /// Continues a prompt. Reuses what it has in common with the beginning of the previous text.
  ///
  /// - Parameters:
  ///   - prompt: The tokens to continue, at least one, all in the model's vocabulary; traps otherwise.
  ///   - random: The source of the draws.
  ///   - show: Receives the text in pieces of whole characters, and returns false to end it.
  /// - Returns: The added text.
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
      let isWanted = give(filter.append(text.append(token)))
      if filter.isStopped {
        output.ending = .stop
      } else if !isWanted {
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

/// Passes on a text up to the first stop, and holds back what may be the beginning of one.
private struct StopFilter {
  private let stops: [[UInt8]]
  /// The bytes held back.
  private(set) var held: [UInt8] = []
  /// Whether a stop has appeared.
  private(set) var isStopped = false

  init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) } }

  /// Appends to the text, and returns what may be passed on.
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
