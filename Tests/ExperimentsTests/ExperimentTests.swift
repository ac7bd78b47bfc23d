import Foundation
import JSON
import LanguageModels
import LoQT
import Optimizers
import TensorFiles
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

@Suite struct ExperimentTests {
  /// NumPy 2.4.6: x = [4.3638, 4.3435, 4.3599, 4.41]; x.mean(), x.std(ddof=1) / len(x) ** .5. Within the
  /// rounding of a few sums of doubles.
  @Test func theStandardErrorIsNumPys() {
    let statistics = SampleStatistics([4.3638, 4.3435, 4.3599, 4.41])
    #expect(abs(statistics.mean - 4.3693) < 1e-14)
    #expect(abs(statistics.standardError! - 0.01426166189474433) < 1e-14)
    #expect(SampleStatistics([1]).standardError == nil)
    #expect(SampleStatistics([]).count == 0)
  }

  @Test func aSweepGoesOnWhileTheBestRateIsAtTheEdge() {
    // The best of all rates is 0.16, three doublings above the first grid's edge.
    var known: [Double: Double] = [:]
    func loss(_ rate: Double) -> Double { abs(log2(rate / 0.16)) }
    var rounds = 0
    while true {
      let sweep = ExperimentPlan.sweep(around: 0.01) { known[$0] }
      if sweep.open.isEmpty {
        #expect(sweep.best == 0.16)
        #expect(sweep.isBracketed)
        break
      }
      rounds += 1
      for rate in sweep.open { known[rate] = loss(rate) }
    }
    #expect(known.keys.sorted() == [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32])
    #expect(rounds == 5)
  }

  @Test func aSweepWithoutABestRateEndsAndSaysSo() {
    let sweep = ExperimentPlan.sweep(around: 1) { -$0 }
    #expect(sweep.open.isEmpty)
    #expect(!sweep.isBracketed)
    #expect(sweep.losses.count == 3 + ExperimentPlan.longestExtension)
    // A rate that fails is worse than any other.
    let failing = ExperimentPlan.sweep(around: 1) { $0 > 1 ? .infinity : $0 == 1 ? 2 : 3 }
    #expect(failing.best == 1)
    #expect(failing.isBracketed)
  }

  @Test func seedsFollowTheSweepAndBorrowedRatesWaitForIt() {
    let first = Variant(.full, named: "first", rates: .swept(around: 1))
    let second = Variant(.full, named: "second", rates: .best(of: "first"))
    let plan = ExperimentPlan(variants: [first, second], seeds: [7, 8])
    let swept = plan.open { _, _, _ in nil }
    #expect(swept.map(\.rate) == [0.5, 1, 2])
    #expect(swept.allSatisfy { $0.seed == 7 && $0.variant == first })
    let later = plan.open { variant, rate, seed in
      variant == first && seed == 7 ? abs(rate - 1) : nil
    }
    #expect(later.map(\.variant.name) == ["first", "second", "second"])
    #expect(later.map(\.seed) == [8, 7, 8])
    #expect(later.allSatisfy { $0.rate == 1 })
  }

  @Test func aClaimNeedsTwoStandardErrors() {
    let claim = Claim("a is within 2 %", "a", within: 0.02, of: "b")
    // Their standard error is 0.001 each.
    let spread = 0.001 * 2.0.squareRoot() * 3.0.squareRoot() / 2.0.squareRoot()
    func verdict(_ mean: Double) -> Claim.Verdict {
      claim.verdict(SampleStatistics([mean - spread, mean, mean + spread]))
    }
    let bound = log(1.02)
    #expect(verdict(bound - 0.0021) == .holds)
    #expect(verdict(bound - 0.0019) == .open)
    #expect(verdict(bound + 0.0019) == .open)
    #expect(verdict(bound + 0.0021) == .fails)
    #expect(claim.verdict(SampleStatistics([0])) == .open)
  }

  private static let scale = ExperimentScale(
    preset: "9m", vocabulary: 256, steps: 2, batchSize: 2, sequence: 16, seeds: [0, 1],
    restLearningRate: 0.01)

  private static func text() throws -> ExperimentText {
    try ExperimentText(SourceText(patternedText(8_000)), vocabulary: 256)
  }

  private static func run(
    _ method: TrainingMethod = .loqt, rate: Double = 0.01, seed: UInt64 = 0,
    scale: ExperimentScale = scale, text: ExperimentText,
    _ change: (inout MethodOptions) -> Void = { _ in }
  ) throws -> String {
    try ExperimentRun(
      Variant(method, change), learningRate: rate, seed: seed, scale: scale, text: text
    ).key
  }

  @Test func runsShareARecordWhereNothingDiffersThatDecidesTheirNumbers() throws {
    let text = try Self.text()
    let key = try Self.run(text: text)
    #expect(try Self.run(text: text) { $0.compensation = 5 } == key)
    #expect(try Self.run(.full, text: text) { $0.rank = .count(3) } == Self.run(.full, text: text))
    var other = Self.scale
    other.steps = 3
    var measured = Self.scale
    measured.validationTokens = 64
    let keys = try [
      key, Self.run(.loqtUnquantized, text: text), Self.run(rate: 0.02, text: text),
      Self.run(seed: 1, text: text), Self.run(scale: other, text: text),
      Self.run(scale: measured, text: text),
      Self.run(
        text: ExperimentText(SourceText(patternedText(9_000)), vocabulary: 256)),
      Self.run(text: text) { $0.compensation = 4 }, Self.run(text: text) { $0.rank = .count(9) },
      Self.run(text: text) { $0.restLearningRate = 0.02 },
      Self.run(text: text) { $0.layers = ["q_proj"] },
      Self.run(text: text) { $0.stateRule = .keep },
    ]
    #expect(Set(keys).count == keys.count)
  }

  @Test func aFewTestPassagesAreFromAllOverTheText() throws {
    let stream = try Self.text().corpus.training
    let all = try PassageSet(stream, testing: nil)
    let some = try PassageSet(stream, testing: 8 * PassageSet.length + 63)
    #expect(some.training == all.training)
    #expect(some.test.count == 8 && Set(some.test).isSubset(of: all.test))
    #expect(some.batch(some.test).labels.scalars == Array(0..<8))
    #expect(try PassageSet(stream, testing: 1 << 40).test == all.test)
  }

  private static let pair = Experiment(
    "pair", "A pair", question: "Which?", reference: "a",
    claims: [Claim("b is better", "b", of: "a")]
  ) { _ in
    [
      Variant(.full, named: "a", rates: .swept(around: 0.01)),
      Variant(.loqt, named: "b", rates: .best(of: "a")),
    ]
  }

  @Test func theTableOfKnownLossesIsKnown() throws {
    let text = try Self.text()
    try withTemporaryFolder { folder in
      let runner = ExperimentRunner(
        Self.pair, scale: Self.scale, text: text, store: try RunStore(path: folder))
      func keep(_ variant: Int, _ rate: Double, _ seed: UInt64, _ loss: Double) throws {
        var record = RunRecord(method: "x", seed: seed, tokensPerStep: 1, parameterCount: 1)
        record.validationLoss = loss
        record.memory.weights = 2_500_000
        record.memory.other = 1_000
        let run = try runner.run(runner.plan.variants[variant], rate, seed)
        try runner.store.keep(record, as: run.key)
      }
      try keep(0, 0.005, 0, 3)
      try keep(0, 0.01, 0, 2)
      try keep(0, 0.02, 0, .nan)
      try keep(0, 0.01, 1, 2.2)
      try keep(1, 0.01, 0, 1.5)
      #expect(try ExperimentResults(runner).openCount == 1)
      try keep(1, 0.01, 1, 1.9)
      let results = try ExperimentResults(runner)
      #expect(
        results.table == """
             rate  seeds    loss       ±  perplexity    vs. a       ±    MB
          a  0.01      2  2.1000  0.1000        8.17  +0.0000  0.0000  2.50
          b  0.01      2  1.7000  0.2000        5.47  -0.4000  0.1000  2.50

          HOLDS: b is better (-0.4000 ± 0.1000, at most +0.0000, 2 seeds).
          """)
      #expect(
        results.csv.split(separator: "\n").last
          == "pair,b,0.01,1,1.9,6.6858944422792685,nan,2500000")
      #expect(results.rows[0].isBracketed == true)
      #expect(results.rows[1].isBracketed == nil)
      try results.write(to: folder + "/out")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/out").count == 5)
    }
  }

  /// In a process of its own, as sums may be added in another order while other tests use the threads.
  @Test func aStoppedExperimentGoesOnToTheSameBytes() async {
    await #expect(processExitsWith: .success) {
      let text = try ExperimentTests.text()
      var scale = ExperimentTests.scale
      scale.seeds = [1]
      func results(stoppingAfter limit: Int) async throws -> (json: String, csv: String, began: Int)
      {
        let folder = try makeTemporaryFolder()
        defer { removeTemporaryFolder(folder) }
        let runner = ExperimentRunner(
          ExperimentTests.pair, scale: scale, text: text, store: try RunStore(path: folder))
        var (began, isFinished) = (0, false)
        while !isFinished {
          var ended = 0
          isFinished = try await runner.run { event in
            if case .began = event { began += 1 }
            if case .ended = event { ended += 1 }
            return ended < limit
          }
        }
        let results = try ExperimentResults(runner)
        return (results.json.text(.indented), results.csv, began)
      }
      let whole = try await results(stoppingAfter: .max)
      let parts = try await results(stoppingAfter: 1)
      #expect(whole.json == parts.json)
      #expect(whole.csv == parts.csv)
      #expect(whole.began == parts.began)
    }
  }

  @Test func aRunIsMadeByOneProcessAtATime() async throws {
    let folder = try makeTemporaryFolder()
    defer { removeTemporaryFolder(folder) }
    let store = try RunStore(path: folder)
    let outer = try await store.claiming("key") {
      #expect(try await store.claiming("other") { 1 } == 1)
      return try await store.claiming("key") { 2 }
    }
    #expect(outer == .some(nil))
    #expect(try await store.claiming("key") { 3 } == 3)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }

  @Test func everyExperimentHasARunForEachVariantAndClaim() throws {
    for experiment in Experiment.allCases {
      for scale in [ExperimentScale.quick, .full] {
        let variants = experiment.variants(scale)
        let names = Set(variants.map(\.name))
        #expect(names.count == variants.count, "\(experiment.name): names repeat")
        #expect(names.contains(experiment.reference) || variants.isEmpty, "\(experiment.name)")
        for claim in experiment.claims {
          #expect(names.isSuperset(of: [claim.variant, claim.rival]), "\(claim.sentence)")
        }
        let known = ExperimentPlan(variants: variants, seeds: [0]).open { _, rate, _ in rate }
        #expect(known.isEmpty, "\(experiment.name): some variants never get a rate")
      }
    }
  }

  /// The live counts are held against the memory model elsewhere; here the model against plain sums.
  @Test func theMemoryTableAgreesWithTheFormulas() throws {
    let results = try ExperimentResults(
      ExperimentRunner(
        .memory, scale: .quick, text: .placeholder(), store: RunStore(path: NSTemporaryDirectory()))
    )
    #expect(results.findings.count == TrainingMethod.allCases.count)
    var compared = 0
    for row in results.findings.flatMap(\.rows) {
      guard case .number(let counted?, _) = row[5], case .number(let formula?, _) = row[6] else {
        continue
      }
      // Blocks at the end of a matrix are not full.
      #expect(abs(counted / formula - 1) < 1e-3, "\(row)")
      compared += 1
    }
    #expect(compared > 80)
  }

  /// Survival shares that a prototype in PyTorch gave for other random numbers: seed to seed they vary
  /// by about 0.02.
  @Test func syntheticErasureIsThatOfThePrototype() throws {
    let rows = try Experiment.syntheticErasure()[0].rows
    let expected: [[Double]] = [
      [0.017, 0.587, 0.254], [], [0.015, 0.583, 0.265], [0.029, 0.584, 0.276],
      [0.241, 0.658, 0.453], [0.836, 0.942, 0.913], [0.987, 0.997, 0.995],
    ]
    for (row, expected) in zip(rows, expected) where !expected.isEmpty {
      for (cell, value) in zip(row.dropFirst(), expected) {
        guard case .share(let share?) = cell else {
          Issue.record("no number")
          return
        }
        #expect(abs(share - value) < 0.06, "\(row)")
      }
    }
  }

  @Test func variantsOfEqualBytesTakeThemButForOneRank() throws {
    let scale = ExperimentScale.full
    let loqt = Variant.paper
    let qlora = Variant(.qlora).fitting(loqt, scale)
    let limit = try #require(loqt.stateByteCount(scale))
    #expect(try #require(qlora.stateByteCount(scale)) <= limit)
    guard case .count(let rank)? = qlora.options.rank else {
      Issue.record("no rank")
      return
    }
    var next = qlora
    next.options.rank = .count(rank + 1)
    #expect(try #require(next.stateByteCount(scale)) > limit)
  }
}
