import Foundation
import FoundationXML
import Plots
import TestSupport
import Testing
import Training

@testable import Experiments

@Suite struct FamilyPlotTests {
  @Test func equalRatiosAreEqualDistancesOnALogarithmicAxis() {
    let axis = Axis(places: [2_000, 500, 1_000, 500])
    #expect(axis.ticks == [500, 1_000, 2_000])
    #expect(axis.ticks.map(axis.label) == ["500", "1,000", "2,000"])
    let places = axis.ticks.map(axis.fraction)
    // Up to the rounding of a few logarithms.
    #expect(abs(places[2] - places[1] - (places[1] - places[0])) < 1e-14)
    #expect(places[0] > 0.05 && abs(places[0] + places[2] - 1) < 1e-14)
    #expect(abs(axis.fraction(axis.shifted(500, by: 0.25)) - places[0] - 0.25) < 1e-14)
    // A single number is in the middle.
    #expect(abs(Axis(places: [4]).fraction(4) - 0.5) < 1e-14)
  }

  private static let lines = Experiment(
    "lines", "Lines", question: "Which?", reference: "a 1", axis: "size & more"
  ) { _ in
    [("a", 1), ("b", 1), ("a", 4), ("b", 4), ("b", 2)].map { family, number in
      var variant = Variant(
        family == "a" ? .full : .frozen, named: "\(family) \(number)", steps: number,
        rates: .fixed(0.01))
      variant.place = Variant.Place(family: family, number: Double(number))
      return variant
    }
  }

  /// Results with the losses of each variant by seed.
  private func results(_ losses: [String: [Double]], in folder: String) throws -> ExperimentResults
  {
    let scale = ExperimentScale(
      preset: "9m", vocabulary: 256, steps: 2, batchSize: 2, sequence: 16, seeds: [0, 1])
    let runner = ExperimentRunner(
      Self.lines, scale: scale,
      text: try ExperimentText(SourceText(patternedText(8_000)), vocabulary: 256),
      store: try RunStore(path: folder))
    for variant in runner.plan.variants {
      for (seed, loss) in (losses[variant.name] ?? []).enumerated() {
        var record = RunRecord(
          method: "x", seed: UInt64(seed), tokensPerStep: 1, parameterCount: 1)
        record.validationLoss = loss
        try runner.store.keep(record, as: runner.run(variant, 0.01, UInt64(seed)).key)
      }
    }
    return try ExperimentResults(runner)
  }

  private func means(_ chart: LineChart) -> [[Double]] {
    chart.layers.compactMap { layer in
      if case .line(let points, _) = layer { points.map(\.y) } else { nil }
    }
  }

  @Test func differencesAreToTheFirstFamilyAtTheSameNumberAndSeed() throws {
    try withTemporaryFolder { folder in
      let plot = try #require(
        FamilyPlot(
          results(
            [
              "a 4": [2, 2.5], "b 4": [1.75, 2], "a 1": [3, 4], "b 1": [3.5, .nan],
              "b 2": [2.5, 2.5],
            ], in: folder)))
      #expect(plot.families.map(\.name) == ["a", "b"])
      #expect(plot.families[1].points.map(\.x) == [1, 2, 4])
      // All of these are sums of a few powers of two, hence exact.
      #expect(means(plot.losses) == [[3.5, 2.25], [3.5, 2.5, 1.875]])
      #expect(means(plot.differences) == [[0, 0], [0.5, -0.375]])
      let bars = plot.differences.layers.compactMap { layer in
        if case .ranges(let ranges, _) = layer { ranges.map { [$0.low, $0.high] } } else { nil }
      }
      // -0.25 and -0.5 have a standard error of 0.125; a single seed has none.
      #expect(bars == [[[0, 0], [0, 0]], [[-0.625, -0.125]]])
    }
  }

  @Test func everySeedIsDrawnInAWellFormedPicture() throws {
    try withTemporaryFolder { folder in
      let results = try results(
        ["a 1": [3, 4], "a 4": [2, 2.5], "b 1": [3.5, 3.5]], in: folder)
      try results.write(to: folder + "/out")
      for file in ["curve.svg", "report.html"] {
        let data = try Data(contentsOf: URL(filePath: folder + "/out/" + file))
        let parser = XMLParser(data: data)
        #expect(parser.parse(), "\(file): line \(parser.lineNumber)")
        let text = String(decoding: data, as: UTF8.self)
        // Six runs in each chart.
        #expect(text.split(separator: " seed\" cx=").count - 1 == 12, "\(file)")
        #expect(text.contains("size &amp; more"), "\(file)")
      }
    }
  }

  @Test func anExperimentWithoutRunsOrNumbersHasNoPicture() throws {
    try withTemporaryFolder { folder in
      let results = try results([:], in: folder)
      #expect(FamilyPlot(results) == nil)
      try results.write(to: folder + "/out")
      #expect(!FileManager.default.fileExists(atPath: folder + "/out/curve.svg"))
      let memory = try ExperimentResults(
        ExperimentRunner(
          .memory, scale: .quick, text: .placeholder(), store: RunStore(path: folder)))
      #expect(FamilyPlot(memory) == nil)
    }
  }

  @Test func familiesOfAnExperimentHaveOneVariantANumber() {
    for experiment in Experiment.allCases {
      let places = experiment.variants(.full).compactMap(\.place)
      #expect(Set(places).count == places.count, "\(experiment.name)")
      #expect(places.isEmpty == experiment.axis.isEmpty, "\(experiment.name)")
      #expect(places.allSatisfy { $0.number > 0 }, "\(experiment.name)")
    }
  }
}
