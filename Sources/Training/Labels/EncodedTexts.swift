internal import LanguageModels
internal import Tensors
public import Tokenization

/// Labelled texts as a model reads them.
public struct EncodedTexts: Sendable {
  /// The ids of each text, and of each id which text of a pair it is from.
  public let texts: [(ids: [Int32], segments: [Int32])]
  /// The places of the labels.
  public let labels: [Int32]
  /// The numbers, where numbers are learnt.
  public let values: [Float]
  /// How many texts had more tokens than there is room for, and lost the last ones.
  public let truncatedCount: Int

  /// Encodes texts with the tokens that the model expects around them. Of longer ones the end is left
  /// out: of a pair's longer text until both fit.
  ///
  /// - Parameters:
  ///   - examples: The texts.
  ///   - tokenizer: The model's.
  ///   - length: The most tokens of a text.
  public init(_ examples: [LabelledText.Example], tokenizer: any Tokenizer, length: Int) {
    let dresser = tokenizer as? PipelineTokenizer
    func dressed(_ first: [Int32], _ second: [Int32]?) -> EncodedText? {
      dresser?.encodeForModel(first, second)
    }
    let around = [
      dressed([], nil)?.ids.count ?? 0, dressed([], [])?.ids.count ?? 0,
    ]
    var truncated = 0
    texts = examples.map { example in
      var first = tokenizer.encode(bytes: example.text)
      var second = example.pair.map { tokenizer.encode(bytes: $0) }
      let room = max(1, length - around[second == nil ? 0 : 1])
      if first.count + (second?.count ?? 0) > room {
        truncated += 1
        Self.shorten(&first, &second, to: room)
      }
      if let text = dressed(first, second) {
        if !text.ids.isEmpty { return (text.ids, text.typeIDs) }
      } else if !first.isEmpty || !(second ?? []).isEmpty {
        let ids = first + (second ?? [])
        return (ids, Array(repeating: 0, count: ids.count))
      }
      // A text of nothing that the tokenizer knows still has a place.
      return ([0], [0])
    }
    labels = examples.map { Int32($0.label) }
    values = examples.map { Float($0.value) }
    truncatedCount = truncated
  }

  private static func shorten(_ first: inout [Int32], _ second: inout [Int32]?, to room: Int) {
    guard let other = second?.count else {
      first = Array(first.prefix(room))
      return
    }
    // Whatever one leaves of its half is the other's.
    let half = room / 2
    let own = first.count <= half ? first.count : max(room - half, room - other)
    first = Array(first.prefix(min(own, first.count)))
    second = second.map { Array($0.prefix(room - first.count)) }
  }

  /// How many texts there are.
  public var count: Int { texts.count }

  /// The mean count of tokens of a text.
  var meanLength: Double {
    texts.isEmpty ? 0 : Double(texts.reduce(0) { $0 + $1.ids.count }) / Double(texts.count)
  }

  /// Texts by their numbers, padded to the longest of them.
  func batch(_ chosen: some Collection<Int>, padding: Int32) -> LabelledBatch {
    LabelledBatch(
      texts: TextBatch(chosen.map { texts[$0] }, padding: padding),
      labels: Tensor(chosen.map { labels[$0] }, shape: [chosen.count]),
      values: Tensor(chosen.map { values[$0] }, shape: [chosen.count]))
  }
}

/// Some labelled texts at once.
struct LabelledBatch {
  var texts: TextBatch
  /// `[texts]`.
  var labels: Tensor<Int32>
  /// `[texts]`.
  var values: Tensor<Float>
}
