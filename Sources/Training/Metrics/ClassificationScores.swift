public import JSON

/// How well a classifier answers on some texts: the usual measures of its task.
public struct ClassificationScores: Sendable, Hashable, Codable {
  /// How many texts there were.
  public var count: Int
  /// The mean cross entropy in nats, or the mean squared error of numbers.
  public var loss: Double
  /// How often texts of each class were put into each class; nil for numbers.
  public var confusion: ConfusionTable?
  /// Pearson's coefficient of numbers and answers; nil for classes.
  public var pearson: Double?
  /// Spearman's; nil for classes.
  public var spearman: Double?

  /// The scores of answers in classes.
  public init(loss: Double, confusion: ConfusionTable) {
    count = confusion.truthCounts.reduce(0, +)
    self.loss = loss
    self.confusion = confusion
  }

  /// The scores of answers in numbers. Traps on unequal counts.
  public init(loss: Double, truths: [Double], answers: [Double]) {
    count = truths.count
    self.loss = loss
    pearson = Correlation.pearson(truths, answers)
    spearman = Correlation.spearman(truths, answers)
  }

  /// The measures by their names, the first of them the one that runs are compared by.
  public var measures: [(name: String, value: Double)] {
    guard let confusion else {
      return [
        ("spearman", spearman ?? .nan), ("pearson", pearson ?? .nan), ("mean squared error", loss),
      ]
    }
    return [("accuracy", confusion.accuracy)]
      + (confusion.binaryF1.map { [("F1 of '\(confusion.labels[1])'", $0)] } ?? [])
      + [
        ("macro F1", confusion.macroF1), ("Matthews", confusion.matthews), ("cross entropy", loss),
      ]
  }

  /// The scores for other programs.
  public var json: JSONValue {
    var object: JSONObject = ["examples": .integer(count), "loss": .number(loss)]
    if let confusion {
      object["accuracy"] = .number(confusion.accuracy)
      object["f1"] = confusion.binaryF1.map { .number($0) } ?? .null
      object["macro_f1"] = .number(confusion.macroF1)
      object["matthews"] = .number(confusion.matthews)
      object["labels"] = .array(confusion.labels.map { .string($0) })
      object["confusion"] = .array(
        confusion.counts.map { .array($0.map { .integer($0) }) })
    } else {
      object["pearson"] = pearson.map { .number($0) } ?? .null
      object["spearman"] = spearman.map { .number($0) } ?? .null
    }
    return .object(object)
  }
}
