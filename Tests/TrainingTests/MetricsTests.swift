import JSON
import TestSupport
import Tensors
import Testing
import Training

@Suite struct MetricsTests {
  @Test(
    "The measures of answers in classes are scikit-learn's",
    arguments: ["binary", "three", "rare", "constant"])
  func classes(_ name: String) throws {
    let fixture = try Fixture("metrics")
    func integers(_ part: String) throws -> [Int] {
      try fixture.tensor(part, of: name, as: Int64.self).scalars.map { Int($0) }
    }
    let count = Int(fixture.number("classes", of: name))
    let table = ConfusionTable(
      labels: (0..<count).map { "\($0)" }, truths: try integers("truths"),
      answers: try integers("answers"))
    #expect(table.counts.flatMap { $0 } == (try integers("confusion")))
    // Sums of small integers, divided once or twice.
    func near(_ value: Double, _ expected: String) -> Bool {
      abs(value - fixture.number(expected, of: name)) <= 1e-12
    }
    #expect(near(table.accuracy, "accuracy") && near(table.macroF1, "macro_f1"))
    #expect(near(table.matthews, "matthews"))
    #expect(table.binaryF1.map { near($0, "f1") } ?? (count != 2))
  }

  @Test("The measures of numbers are SciPy's", arguments: ["numbers", "ties"])
  func numbers(_ name: String) throws {
    let fixture = try Fixture("metrics")
    let x = try fixture.tensor("x", of: name, as: Double.self).scalars
    let y = try fixture.tensor("y", of: name, as: Double.self).scalars
    #expect(abs(Correlation.pearson(x, y) - fixture.number("pearson", of: name)) <= 1e-12)
    #expect(abs(Correlation.spearman(x, y) - fixture.number("spearman", of: name)) <= 1e-12)
    #expect(Correlation.pearson(x, x.map { _ in 1 }).isNaN && Correlation.pearson([], []).isNaN)
  }

  @Test func choicesAreJudgedByTheirSumsAndByTheirLengths() {
    func question(_ answer: Int) -> MultipleChoice.Question {
      .init(prompt: "", choices: ["ab", "abcdef"], answer: answer)
    }
    // Of the sums the first is higher, over 2 and 6 characters the second, over 1 and 2 tokens the first.
    let likelihoods = [
      MultipleChoice.Likelihood(sum: -2, tokens: 1), MultipleChoice.Likelihood(sum: -5, tokens: 2),
    ]
    let scores = MultipleChoice.Scores([0, 0, 0, 1].map { (question($0), likelihoods) })
    #expect(scores.accuracy == 0.75 && scores.normalisedAccuracy == 0.25)
    #expect(scores.tokenAccuracy == 0.75 && scores.count == 4)
  }
}
