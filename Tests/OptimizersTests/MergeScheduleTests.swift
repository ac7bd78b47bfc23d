import Optimizers
import Testing

@Suite struct MergeScheduleTests {
  @Test func exponentialScheduleIsThePapersSequenceOfGaps() {
    let schedule = MergeSchedule.exponential(every: 100, growth: 1.2)
    #expect(
      schedule.mergeSteps(below: 1400)
        == [0, 100, 201, 302, 403, 505, 607, 709, 812, 916, 1021, 1127, 1234, 1342])
  }

  @Test(arguments: [(10_000, 40), (20_000, 45), (60_000, 52), (100_000, 55)])
  func exponentialScheduleHasThePapersNumberOfProjections(steps: Int, count: Int) {
    // "Up to" n steps: a merge at step n itself would count.
    #expect(
      MergeSchedule.exponential(every: 100, growth: 1.2).mergeSteps(below: steps + 1).count
        == count)
  }

  @Test func staticAndLinearGapsAndTheCapOnTheGap() {
    #expect(MergeSchedule.static(every: 5).mergeSteps(below: 16) == [0, 5, 10, 15])
    #expect(
      MergeSchedule.linear(every: 5, growth: 2).mergeSteps(below: 50) == [0, 5, 12, 21, 32, 45])
    #expect(
      MergeSchedule.exponential(every: 5, growth: 3, longestGap: 10).mergeSteps(below: 50)
        == [0, 5, 13, 23, 33, 43])
  }

  @Test func noMergeFallsWithinTheLastGapOfAPlannedRun() {
    #expect(
      MergeSchedule.static(every: 5).mergeSteps(below: 20, sparingTail: true) == [0, 5, 10, 15])
    #expect(
      MergeSchedule.static(every: 5).mergeSteps(below: 19, sparingTail: true) == [0, 5, 10])
  }

  @Test func onceAndNever() {
    #expect(MergeSchedule.once.mergeSteps(below: 1_000) == [0])
    #expect(MergeSchedule.never.mergeSteps(below: 1_000) == [])
    #expect(MergeSchedule.static(every: 3).mergeSteps(below: 0) == [])
  }

  @Test func hugeGrowthDoesNotOverflow() {
    #expect(
      MergeSchedule.exponential(every: 1, growth: 1e300).mergeSteps(below: 1_000_000) == [0, 1])
  }

  @Test func geometricGapsFillTheRunWithTheLongestLast() {
    let schedule = MergeSchedule.geometric(merges: 6, fillingSteps: 500, ratio: 1.6)
    // 500 (1.6^k - 1) / (1.6^7 - 1), rounded.
    #expect(schedule.mergeSteps(below: 500, sparingTail: true) == [0, 12, 30, 60, 107, 184, 305])
    #expect(
      MergeSchedule.geometric(merges: 4, fillingSteps: 100, ratio: 1).mergeSteps(below: 100)
        == [0, 20, 40, 60, 80])
    #expect(
      MergeSchedule.geometric(merges: 6, fillingSteps: 500, longestGap: 50).mergeSteps(below: 500)
        == [0, 12, 30, 60, 107, 157, 207])
    // More merges than steps: one per step.
    #expect(
      MergeSchedule.geometric(merges: 9, fillingSteps: 4).mergeSteps(below: 5) == [0, 1, 2, 3, 4])
  }
}
