public import LanguageModels
public import Tokenization

/// Labelled texts to learn, as they are asked for: files, and what is in them.
public struct LabelledFiles: Sendable, Hashable, Codable {
  /// The path of the texts to learn.
  public var file: String
  /// The path of those to measure on; nil to keep one of ten of each label.
  public var validation: String?
  /// Which columns hold what.
  public var columns = LabelColumns()
  /// Whether numbers are learnt.
  public var isRegression = false

  /// Texts to learn, and others to measure on.
  public init(_ file: String, validation: String? = nil) {
    self.file = file
    self.validation = validation
  }

  /// Reads both files, the second by the labels of the first.
  ///
  /// Throws an `InputError` where a file cannot be read or holds something else, with the number of the
  /// line.
  ///
  /// - Parameters:
  ///   - tokenizer: The model's.
  ///   - length: The most tokens of a text.
  ///   - model: The model; the labels of a classifier are kept where the texts have no others.
  public func data(
    tokenizer: any Tokenizer, length: Int, model: (any ModelConfiguration)? = nil
  ) throws(InputError) -> ClassificationData {
    var text = try LabelledText(
      file: file, columns: columns, kind: isRegression ? .numbers : .classes)
    if let own = (model as? ClassifierConfiguration)?.labels.map({ Array($0.utf8) }),
      !isRegression, Set(text.labels).isSubset(of: own) || text.areLabelsNumbers(below: own.count)
    {
      text = try LabelledText(
        file: file, columns: columns, kind: .knownClasses(own, of: "the trained classifier"))
    }
    let labels = text.labels
    let other = try validation.map { path throws(InputError) in
      try LabelledText(
        file: path, columns: columns,
        kind: isRegression ? .numbers : .knownClasses(labels, of: file))
    }
    var data = ClassificationData(text, validation: other, tokenizer: tokenizer, length: length)
    data.files = self
    return data
  }
}

extension LabelledText {
  /// Whether the labels are numbers of so many classes, counted from 0.
  fileprivate func areLabelsNumbers(below count: Int) -> Bool {
    labelNames.allSatisfy { Int($0).map { (0..<count).contains($0) } ?? false }
  }
}
