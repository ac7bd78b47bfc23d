import Optimizers
import TestSupport
import Tensors
import Testing

@Suite struct LearningRateScheduleTests {
  static let fixture = try! Fixture("optimizers")

  /// Transformers' warm-up begins at 0 and this package's at peak / warmup, one step ahead; its decay ends
  /// one step after the run and this package's at the last step, so runs one step longer agree.
  @Test(arguments: ["schedule_linear", "schedule_cosine", "schedule_cosine_to_tenth"])
  func agreesWithTransformersUpToTheEnds(_ name: String) throws {
    let f = Self.fixture
    let rates: Tensor<Float> = try f.tensor("rates", of: name)
    let (peak, warmup) = (f.number("peak", of: name), Int(f.number("warmup", of: name)))
    let steps = Int(f.number("steps", of: name))
    let final = name == "schedule_cosine_to_tenth" ? f.number("min_lr_rate", of: name) : 0
    let schedule: LearningRateSchedule =
      name == "schedule_linear"
      ? .linear(peak: peak, steps: steps + 1, warmup: warmup, finalFraction: final)
      : .cosine(peak: peak, steps: steps + 1, warmup: warmup, finalFraction: final)
    #expect(rates.scalars[0] == 0)
    for step in 0..<steps {
      let expected = Double(rates.scalars[step < warmup ? step + 1 : step])
      // The fixture is rounded to float32.
      #expect(abs(schedule(step) - expected) <= 1e-7 * peak, "step \(step)")
    }
  }

  @Test func cosineHasItsExactValues() {
    let schedule = LearningRateSchedule.cosine(
      peak: 2, steps: 13, warmup: 4, finalFraction: 0.1)
    let expected: [(Int, Double)] = [
      (0, 0.5), (1, 1), (2, 1.5), (3, 2), (4, 2), (6, 2 * (0.55 + 0.45 * 0.5.squareRoot())),
      (8, 1.1), (12, 0.2), (13, 0.2), (1000, 0.2),
    ]
    for (step, rate) in expected { #expect(abs(schedule(step) - rate) < 1e-12, "step \(step)") }
  }

  @Test func linearHasItsExactValues() {
    let schedule = LearningRateSchedule.linear(
      peak: 1, steps: 11, warmup: 0, finalFraction: 0.5)
    for (step, rate) in [(0, 1.0), (5, 0.75), (10, 0.5), (50, 0.5)] {
      #expect(abs(schedule(step) - rate) < 1e-15, "step \(step)")
    }
    #expect(LearningRateSchedule.linear(peak: 1, steps: 11, warmup: 1)(10) == 0)
  }

  @Test func warmupIsATenthAndTheFinalRateATenthWhenLeftOut() {
    let schedule = LearningRateSchedule.cosine(peak: 1, steps: 200)
    #expect(schedule(0) == 0.05)
    #expect(schedule(19) == 1)
    #expect(abs(schedule(199) - 0.1) < 1e-12)
  }

  @Test func constantIsConstantAndThePeakMoves() {
    var schedule = LearningRateSchedule.constant(0.3)
    #expect(schedule(0) == 0.3 && schedule(1_000_000) == 0.3)
    schedule.peak = 0.1
    #expect(schedule(7) == 0.1)
  }

  @Test(arguments: [(1, 0), (1, 1), (2, 5), (3, 3)])
  func degenerateLengthsGiveFiniteRates(steps: Int, warmup: Int) {
    for schedule in [
      LearningRateSchedule.cosine(peak: 1, steps: steps, warmup: warmup),
      .linear(peak: 1, steps: steps, warmup: warmup),
    ] {
      for step in 0..<10 { #expect((0...1).contains(schedule(step))) }
    }
  }

  @Test func piecewiseGoesThroughItsPoints() {
    let schedule = LearningRateSchedule.piecewise([(10, 1), (20, 3), (20, 2), (24, 0)])
    let expected: [(Int, Double)] = [
      (0, 1), (10, 1), (15, 2), (19, 2.8), (20, 2), (22, 1), (24, 0), (99, 0),
    ]
    for (step, rate) in expected { #expect(abs(schedule(step) - rate) < 1e-12, "step \(step)") }
    #expect(schedule.peak == 3)
    #expect(LearningRateSchedule.piecewise([(5, 0.25)])(0) == 0.25)
  }
}
