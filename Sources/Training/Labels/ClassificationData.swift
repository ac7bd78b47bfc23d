internal import Formatting
internal import Tensors
public import Tokenization

/// Labelled texts to learn and others to measure on, as a model reads them.
public struct ClassificationData: Sendable {
  /// Where the texts came from, for messages.
  public let name: String
  /// The names of the classes; none where numbers are learnt.
  public let labels: [String]
  /// What made the tokens.
  public let tokenizer: any Tokenizer
  /// The texts to learn.
  public let training: EncodedTexts
  /// The texts to measure on.
  public let validation: EncodedTexts
  /// What a person should know about the texts.
  public let notices: [String]
  /// The files that the texts are from; nil for others.
  public internal(set) var files: LabelledFiles?
  /// Tells sets apart.
  let fingerprint: String

  /// Whether numbers are learnt.
  public var isRegression: Bool { labels.isEmpty }
  /// One example of so many is kept to measure on, where no others are given.
  public static let validationInterval = 10

  /// Texts to learn and to measure on.
  ///
  /// - Parameters:
  ///   - text: The texts; one of ten of each label is kept to measure on where there are no others.
  ///   - validation: Texts to measure on, by the labels of the first.
  ///   - tokenizer: The model's.
  ///   - length: The most tokens of a text.
  public init(
    _ text: LabelledText, validation: LabelledText? = nil, tokenizer: any Tokenizer, length: Int
  ) {
    let parts =
      validation.map { (text.examples, $0.examples) }
      ?? Self.split(text.examples, labels: text.labels.count)
    name = text.name
    labels = text.labelNames
    self.tokenizer = tokenizer
    training = EncodedTexts(parts.0, tokenizer: tokenizer, length: length)
    self.validation = EncodedTexts(parts.1, tokenizer: tokenizer, length: length)
    var notices = text.notices + (validation?.notices ?? [])
    let truncated = training.truncatedCount + self.validation.truncatedCount
    if truncated > 0 {
      notices.append(
        "\(NumberText.grouped(truncated)) texts of more than \(length) tokens lose their ends; a larger "
          + "--sequence reads on.")
    }
    let seen = Set(self.validation.labels)
    let names = text.labelNames
    let unseen = names.indices.filter { !seen.contains(Int32($0)) }.map { names[$0] }
    if !unseen.isEmpty {
      notices.append(
        "No text that is measured on has the label \(unseen.prefix(4).joined(separator: ", "))"
          + (unseen.count > 4 ? " or \(unseen.count - 4) others." : "."))
    }
    self.notices = notices
    fingerprint = text.fingerprint + (validation?.fingerprint ?? "")
  }

  /// Of each label's texts every tenth from the fifth on, so that both parts have the labels in their
  /// proportions.
  private static func split(_ examples: [LabelledText.Example], labels: Int)
    -> ([LabelledText.Example], [LabelledText.Example])
  {
    var seen = Array(repeating: 0, count: max(1, labels))
    var (training, validation): ([LabelledText.Example], [LabelledText.Example]) = ([], [])
    for example in examples {
      seen[example.label] += 1
      if seen[example.label] % validationInterval == validationInterval / 2 {
        validation.append(example)
      } else {
        training.append(example)
      }
    }
    return (training, validation)
  }

  /// What fills texts up at their ends.
  var padding: Int32 { tokenizer.namedTokens.pad ?? tokenizer.namedTokens.eos ?? 0 }
}
