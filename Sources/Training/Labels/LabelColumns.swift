/// Which columns of a file hold the texts and labels to learn: by name in a header or in the objects of
/// JSON lines, or by number from 1.
public struct LabelColumns: Sendable, Hashable, Codable {
  /// The column of the text.
  public var text: String?
  /// The column of the second text of a pair.
  public var pair: String?
  /// The column of the label.
  public var label: String?

  /// Columns that are told by their usual names.
  public init() {}

  /// Columns as they are written on a command line: `text=sentence1,pair=sentence2,label=gold`.
  ///
  /// Throws an `InputError` that names what is wrong.
  public init(_ list: String) throws(InputError) {
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[1].isEmpty else {
        throw InputError(
          "--columns: '\(part)' is not a part of an example and its column. Write them as "
            + "text=sentence1,pair=sentence2,label=gold.")
      }
      switch sides[0] {
      case "text": text = String(sides[1])
      case "pair": pair = String(sides[1])
      case "label": label = String(sides[1])
      default:
        throw InputError(
          "--columns: there is no part '\(sides[0])' of an example. Name text, pair and label.")
      }
    }
    guard text != nil, label != nil else {
      throw InputError("--columns names no \(text == nil ? "text" : "label"). Name both.")
    }
  }

  /// Whether nothing is named.
  var isEmpty: Bool { text == nil && label == nil && pair == nil }

  /// The names that are taken for each part where none are given, in lower case.
  private static let usualNames: (text: [String], pair: [String], label: [String]) = (
    [
      "text", "sentence", "sentence1", "premise", "question1", "question", "review", "content",
      "comment", "phrase", "document",
    ],
    ["pair", "text2", "sentence2", "hypothesis", "question2", "answer", "text_pair"],
    [
      "label", "labels", "gold", "gold_label", "class", "category", "target", "sentiment", "rating",
      "similarity", "score",
    ]
  )

  /// Places of the parts among columns.
  struct Places {
    var text: Int
    var pair: Int?
    var label: Int
  }

  /// The places among the names of a header; nil where nothing was named and these are no usual names.
  ///
  /// Throws an `InputError` where a column that was named is not there.
  func places(in names: [String], of file: String) throws(InputError) -> Places? {
    func place(_ wanted: String) throws(InputError) -> Int {
      if let index = names.firstIndex(where: { $0.utf8.elementsEqual(wanted.utf8) }) {
        return index
      }
      throw InputError(
        "\(file) has no column '\(wanted)'. Its columns are \(names.joined(separator: ", ")).")
    }
    if let text, let label {
      return Places(
        text: try place(text), pair: try pair.map { name throws(InputError) in try place(name) },
        label: try place(label))
    }
    let lower = names.map { $0.lowercased() }
    func usual(_ known: [String]) -> Int? {
      known.lazy.compactMap { lower.firstIndex(of: $0) }.first
    }
    guard let label = usual(Self.usualNames.label), let text = usual(Self.usualNames.text) else {
      return nil
    }
    return Places(text: text, pair: usual(Self.usualNames.pair), label: label)
  }

  /// The places that are given as numbers; nil where they are names.
  func numbers() throws(InputError) -> Places? {
    guard let text, let label else { return nil }
    let parts = [text, label] + (pair.map { [$0] } ?? [])
    let numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count else { return nil }
    guard numbers.allSatisfy({ $0 >= 1 }) else {
      throw InputError("--columns: columns are counted from 1.")
    }
    return Places(
      text: numbers[0] - 1, pair: numbers.count > 2 ? numbers[2] - 1 : nil, label: numbers[1] - 1)
  }
}
