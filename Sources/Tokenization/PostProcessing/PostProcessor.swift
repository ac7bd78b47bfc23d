/// The tokens that a model expects around a text or a pair of texts.
struct PostProcessor: Equatable, Sendable {
  enum Part: Equatable, Sendable {
    case text(isSecond: Bool, type: Int32)
    case tokens([Int32], type: Int32)
  }

  let single: [Part]
  let pair: [Part]

  /// BERT's tokens: `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, with the second text of type 1.
  static func bert(classification: Int32, separator: Int32) -> Self {
    let single: [Part] = [
      .tokens([classification], type: 0), .text(isSecond: false, type: 0),
      .tokens([separator], type: 0),
    ]
    return Self(
      single: single,
      pair: single + [.text(isSecond: true, type: 1), .tokens([separator], type: 1)])
  }

  /// RoBERTa's tokens: `<s> A </s>` and `<s> A </s> </s> B </s>`, all of type 0.
  static func roberta(classification: Int32, separator: Int32) -> Self {
    let single: [Part] = [
      .tokens([classification], type: 0), .text(isSecond: false, type: 0),
      .tokens([separator], type: 0),
    ]
    return Self(
      single: single,
      pair: single + [
        .tokens([separator], type: 0), .text(isSecond: true, type: 0),
        .tokens([separator], type: 0),
      ])
  }

  func apply(to first: [Int32], _ second: [Int32]?) -> EncodedText {
    var result = EncodedText()
    for part in second == nil ? single : pair {
      switch part {
      case .text(let isSecond, let type):
        result.append(isSecond ? second ?? [] : first, type: type)
      case .tokens(let ids, let type):
        result.append(ids, type: type)
      }
    }
    return result
  }
}

/// The tokens of a text or a pair of texts, with those that the model expects around them.
public struct EncodedText: Sendable, Equatable {
  /// The ids.
  public private(set) var ids: [Int32] = []
  /// The number of the text that each token belongs to, for encoders such as BERT.
  public private(set) var typeIDs: [Int32] = []

  mutating func append(_ ids: [Int32], type: Int32) {
    self.ids += ids
    typeIDs += [Int32](repeating: type, count: ids.count)
  }
}
