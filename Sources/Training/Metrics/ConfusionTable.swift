/// How often texts of each class were put into each class, and what follows from it.
public struct ConfusionTable: Sendable, Hashable, Codable {
  /// The names of the classes.
  public var labels: [String]
  /// `counts[true class][answered class]`.
  public var counts: [[Int]]

  /// The table of some answers. Traps on unequal counts and on classes outside the labels.
  public init(labels: [String], truths: [Int], answers: [Int]) {
    precondition(truths.count == answers.count, "ConfusionTable: unequal counts")
    self.labels = labels
    counts = Array(repeating: Array(repeating: 0, count: labels.count), count: labels.count)
    for (truth, answer) in zip(truths, answers) { counts[truth][answer] += 1 }
  }

  private var indices: Range<Int> { counts.indices }
  /// How many texts there were of each class.
  public var truthCounts: [Int] { counts.map { $0.reduce(0, +) } }
  /// How many were put into each class.
  public var answerCounts: [Int] { indices.map { j in counts.reduce(0) { $0 + $1[j] } } }
  private var rightCounts: [Int] { indices.map { counts[$0][$0] } }
  private var total: Int { truthCounts.reduce(0, +) }

  /// The share of right answers; not a number where there are none.
  public var accuracy: Double { Double(rightCounts.reduce(0, +)) / Double(total) }

  /// F1 of a class: the harmonic mean of precision and recall, 0 where neither is anything.
  public func f1(of label: Int) -> Double {
    let sum = truthCounts[label] + answerCounts[label]
    return sum == 0 ? 0 : 2 * Double(rightCounts[label]) / Double(sum)
  }

  /// The share of a class's texts that were found; nil where it has none.
  public func recall(of label: Int) -> Double? {
    truthCounts[label] == 0 ? nil : Double(rightCounts[label]) / Double(truthCounts[label])
  }

  /// The share of the texts put into a class that are of it; nil where none was put there.
  public func precision(of label: Int) -> Double? {
    answerCounts[label] == 0 ? nil : Double(rightCounts[label]) / Double(answerCounts[label])
  }

  /// F1 of the second of two classes; nil with other counts of classes.
  public var binaryF1: Double? { labels.count == 2 ? f1(of: 1) : nil }

  /// The mean of the classes' F1, over those that occur among truths or answers.
  public var macroF1: Double {
    let (truths, answers) = (truthCounts, answerCounts)
    let seen = indices.filter { truths[$0] + answers[$0] > 0 }
    return seen.reduce(0.0) { $0 + f1(of: $1) } / Double(seen.count)
  }

  /// Matthews' correlation coefficient, of several classes as Gorodkin (2004) has it; 0 where all truths
  /// or all answers are one class.
  public var matthews: Double {
    let (truths, answers, n) = (truthCounts.map(Double.init), answerCounts.map(Double.init), total)
    let right = Double(rightCounts.reduce(0, +))
    let mixed = zip(truths, answers).reduce(0.0) { $0 + $1.0 * $1.1 }
    let square = Double(n) * Double(n)
    let truthSpread = square - truths.reduce(0) { $0 + $1 * $1 }
    let answerSpread = square - answers.reduce(0) { $0 + $1 * $1 }
    guard truthSpread > 0, answerSpread > 0 else { return 0 }
    return (right * Double(n) - mixed) / (truthSpread * answerSpread).squareRoot()
  }
}
