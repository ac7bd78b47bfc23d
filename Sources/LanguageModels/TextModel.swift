public import Autodiff
public import Layers
public import Tensors

/// A model that gives each token of a text a vector: an encoder, or a language model without its head.
public protocol TextModel: Module {
  /// The vectors of the tokens, `[vocabulary, hidden]`.
  var embedding: Embedding { get }
  /// Whether training keeps only each block's input and computes the block again on the way back.
  var recomputesBlocks: Bool { get set }

  /// The vectors `[texts, tokens, hidden]` of the tokens of some texts; those of padding are to be
  /// ignored. Traps on a token outside the vocabulary and on more tokens than the model has positions
  /// for.
  func hiddenStates(_ texts: TextBatch) -> Variable
}

/// The sizes and constants of a `TextModel`.
public protocol TextModelConfiguration: ModelConfiguration {
  /// How classifiers of this family are made of it.
  var classification: ClassifierLayout { get }
  /// The same without a head, as a classifier has it.
  var withoutHead: Self { get }

  /// A model with initial values drawn from the builder's random numbers, or read by it.
  func makeTextModel(using linear: LayerBuilder) -> any TextModel
}

extension TextModelConfiguration {
  /// The same.
  public var withoutHead: Self { self }
}

/// Some texts as a model reads them at once, padded at their ends to the length of the longest.
public struct TextBatch: Sendable {
  /// The ids, `[texts, tokens]`.
  public let tokens: Tensor<Int32>
  /// Of each token which text of a pair it is from, `[texts, tokens]`; all of the first when nil.
  public let segments: Tensor<Int32>?
  /// `[texts, tokens]`, 1 for a token and 0 for padding; nil where there is no padding.
  public let visible: Tensor<UInt8>?

  /// Texts that are padded already. Traps on shapes that differ.
  public init(
    _ tokens: Tensor<Int32>, visible: Tensor<UInt8>? = nil, segments: Tensor<Int32>? = nil
  ) {
    precondition(
      tokens.rank == 2 && (visible?.shape ?? tokens.shape) == tokens.shape
        && (segments?.shape ?? tokens.shape) == tokens.shape,
      """
      TextBatch: tokens \(tokens.shape), visible \(visible?.shape ?? tokens.shape), segments \
      \(segments?.shape ?? tokens.shape)
      """)
    self.tokens = tokens
    self.visible = visible
    self.segments = segments
  }

  /// Texts of several lengths, their ids and of each which text of a pair it is from. Traps on none.
  public init(_ texts: some Collection<(ids: [Int32], segments: [Int32])>, padding: Int32 = 0) {
    let longest = texts.map(\.ids.count).max() ?? 0
    precondition(longest > 0, "TextBatch: there are no tokens")
    let shape: Shape = [texts.count, longest]
    func padded(_ values: [Int32], _ value: Int32) -> [Int32] {
      values + Array(repeating: value, count: longest - values.count)
    }
    let isPadded = texts.contains { $0.ids.count < longest }
    let marks =
      isPadded
      ? texts.flatMap { text in (0..<longest).map { UInt8($0 < text.ids.count ? 1 : 0) } } : []
    self.init(
      Tensor(texts.flatMap { padded($0.ids, padding) }, shape: shape),
      visible: isPadded ? Tensor(marks, shape: shape) : nil,
      segments: texts.contains { $0.segments.contains { $0 != 0 } }
        ? Tensor(texts.flatMap { padded($0.segments, 0) }, shape: shape) : nil)
  }

  /// How many texts there are.
  public var count: Int { tokens.shape[0] }

  /// The places of the texts' last tokens among all tokens, `[texts]`.
  var lastPlaces: Tensor<Int32> {
    let length = tokens.shape[1]
    let marks = visible?.scalars
    let places = (0..<count).map { text in
      let last = marks.flatMap { marks in
        (0..<length).last { marks[text * length + $0] != 0 }
      }
      return Int32(text * length + (last ?? length - 1))
    }
    return Tensor(places, shape: [count])
  }
}
