import Autodiff
import Layers
import LoQT
import Optimizers
import Quantization
import Stepping
import TestSupport
import Tensors
import Testing

/// The effect of a merge on one layer.
@Suite struct MergeTests {
  static let shapes = [(48, 32), (32, 48)]

  /// A layer with an optimizer that merges it every `gap` steps.
  private final class Run {
    let layer: LoQTLinear
    let adam: AdamW
    let optimizer: Stepper

    init(
      _ shape: (Int, Int), _ configuration: LoQTConfiguration, every gap: Int,
      learningRate: Double = 0.02
    ) {
      layer = LoQTLinear(
        weight: gaussian([shape.0, shape.1], seed: 1), configuration: configuration,
        random: RandomSource(seed: 2))
      adam = AdamW(learningRate: .constant(learningRate))
      optimizer = Stepper(
        adam, training: SingleLayer(layer: layer), merges: .static(every: gap))
    }

    /// Takes one step on random data seeded by the step.
    func step(tokens: Int = 64, scale: Double = 1) throws -> StepReport {
      let seed = UInt64(optimizer.step)
      return try optimizer.step {
        scale
          * meanSquaredError(
            layer(Variable(gaussian([tokens, layer.inputSize], seed: 100 + seed))),
            gaussian([tokens, layer.outputSize], seed: 200 + seed))
      }
    }

    func merge(tokens: Int = 64, scale: Double = 1) throws -> LayerMerge {
      let report = try step(tokens: tokens, scale: scale)
      return try #require(report.merge?.layers.first)
    }
  }

  @Test(arguments: shapes)
  func withoutQuantisersAMergeLeavesTheForwardUnchanged(_ shape: (Int, Int)) throws {
    let run = Run(shape, .unquantized(rank: 8), every: 4)
    for _ in 0..<4 { _ = try run.step() }
    let x = Variable(gaussian([16, shape.1], seed: 3))
    let (before, basis) = (run.layer(x).tensor, run.layer.basis!)
    let merge = try run.merge()
    #expect(run.layer.factor.tensor.norm() == 0)
    #expect(relativeError(run.layer.basis!, basis) > 0.1)
    // W is rounded once to float32.
    #expect(relativeError(run.layer(x).tensor, before) < 1e-6)
    #expect(merge.survival == 1 && merge.relativeError == 0)
    #expect(merge.relativeUpdate! > 1e-3)
  }

  @Test(arguments: shapes)
  func rankAboveTheTokensOfTheWindowIsReportedAndTheBasisCompleted(_ shape: (Int, Int)) throws {
    for method in [TruncationMethod.automatic, .exact, .gram] {
      let run = Run(
        shape,
        LoQTConfiguration(
          rank: 20, projectionFormat: .float32, projector: GradientProjector(method: method)),
        every: 4)
      let merge = try run.merge(tokens: 7)
      #expect(merge.effectiveRank == 7)
      #expect(
        merge.note == "drew 13 of its 20 directions at random, as its gradient has rank 7")
      // Dot products of some 30 numbers in float32.
      #expect(orthonormalityError(run.layer.basis!) < 1e-5)
      for _ in 1..<4 { _ = try run.step(tokens: 7) }
      // Reported once.
      let second = try run.merge(tokens: 7)
      #expect(second.effectiveRank == 7 && second.note == nil)
    }
  }

  @Test(arguments: StateRule.allCases)
  func aZeroGradientKeepsTheProjectionAndSaysSo(_ rule: StateRule) throws {
    let run = Run((48, 32), LoQTConfiguration(rank: 8, stateRule: rule), every: 4)
    for _ in 0..<4 { _ = try run.step() }
    let parts = run.layer.projection!.parts
    let moments = run.adam.state(of: run.layer.factor)
    let effective = run.layer.effectiveWeight()
    let merge = try run.merge(scale: 0)
    #expect(run.layer.projection?.parts == parts)
    #expect(merge.effectiveRank == 0)
    #expect(merge.note?.hasPrefix("kept its projection") == true)
    // The coordinates of B are the same, and so is Adam's state of them.
    #expect(run.adam.state(of: run.layer.factor) == moments)
    // The update is merged nevertheless: with P unchanged, compensation preserves all of it.
    #expect(abs(merge.survival! - 1) < 0.01)
    // As far off as after Initialise.
    #expect(relativeError(run.layer.effectiveWeight(), effective) < 0.1)
    #expect(try run.step().merge == nil)
  }

  @Test(arguments: shapes)
  func aZeroGradientAtTheFirstMergeDrawsAProjection(_ shape: (Int, Int)) throws {
    let run = Run(shape, LoQTConfiguration(rank: 8, projectionFormat: .float32), every: 4)
    let merge = try run.merge(scale: 0)
    #expect(merge.effectiveRank == 0)
    #expect(merge.note?.hasPrefix("drew its first projection at random") == true)
    #expect(orthonormalityError(run.layer.basis!) < 1e-5)
    #expect(try run.step().merge == nil)
    #expect(run.layer.factor.tensor.norm() > 0)
  }

  @Test(arguments: shapes)
  func aGradientThatIsNotFiniteKeepsTheProjection(_ shape: (Int, Int)) throws {
    let run = Run(shape, LoQTConfiguration(rank: 8), every: 2)
    for _ in 0..<2 { _ = try run.step() }
    let parts = run.layer.projection!.parts
    let report = try run.optimizer.step {
      let y = run.layer(Variable(gaussian([8, shape.1], seed: 5)))
      // 0 with the gradient infinity times 0.
      return sqrt(y * 0).sum()
    }
    let merge = try #require(report.merge?.layers.first)
    #expect(merge.note?.contains("NaN or infinite") == true)
    #expect(run.layer.projection?.parts == parts)
    #expect(run.layer.effectiveWeight().allFinite)
  }

  @Test(arguments: [WeightFormat.nf4(), .nf4(doubleQuantized: false)], [0, 5])
  func withoutTrainingAMergeLeavesCodesAndScales(_ format: WeightFormat, _ steps: Int) throws {
    for recordsSurvival in [true, false] {
      let run = Run(
        (48, 32),
        LoQTConfiguration(
          rank: 8, weightFormat: format, compensationSteps: steps,
          recordsSurvival: recordsSurvival), every: 1)
      _ = try run.merge()
      let (codes, factor) = (run.layer.weight.parts, run.layer.factor.tensor)
      #expect((factor.norm() > 0) == (steps > 0))
      for _ in 0..<3 {
        let projection = run.layer.projection!.parts
        let merge = try run.merge()
        #expect(run.layer.weight.parts == codes)
        #expect(run.layer.factor.tensor == factor)
        if steps == 0 {
          // Nothing depends on the old P, so a new one costs nothing.
          #expect(run.layer.projection!.parts != projection)
        } else {
          #expect(run.layer.projection!.parts == projection)
          #expect(merge.note?.contains("not trained") == true)
        }
        #expect(merge.survival == nil && merge.relativeUpdate == nil)
      }
      // This changes with the first step of training.
      run.layer.factor.tensor[0, 0] += 1
      _ = try run.merge()
      #expect(run.layer.weight.parts != codes)
    }
  }

  @Test(arguments: shapes, [0, 5])
  func reportsTheSizeAndTheSurvivalOfTheUpdate(_ shape: (Int, Int), _ steps: Int) throws {
    let run = Run(
      shape, LoQTConfiguration(rank: 8, compensationSteps: steps), every: 5, learningRate: 0.05)
    let first = try run.merge()
    #expect(first.survival == nil && first.relativeUpdate == nil && first.overlap == nil)
    let start = run.layer.effectiveWeight()
    let oldBasis = run.layer.basis!
    for _ in 0..<4 { _ = try run.step() }
    let merged = run.layer.effectiveWeight()
    let merge = try run.merge()
    let update = merged - start
    let next = run.layer.effectiveWeight()
    // The difference of matrices about ten times its size, in float32.
    #expect(abs(merge.survival! - (next - start).dot(update) / update.sumOfSquares()) < 1e-4)
    #expect(abs(merge.relativeUpdate! - update.norm() / merged.norm()) < 1e-5)
    #expect(abs(merge.updateEnergy! / update.sumOfSquares() - 1) < 1e-4)
    #expect(abs(merge.relativeError! - relativeError(next, merged)) < 1e-5)
    let overlap = matmul(run.layer.basis!.transposed(), oldBasis).sumOfSquares() / 8
    #expect(abs(merge.overlap! - overlap) < 1e-6)
  }

  @Test func withoutARecordNeitherSizeNorSurvivalIsReported() throws {
    let run = Run((48, 32), LoQTConfiguration(rank: 8, recordsSurvival: false), every: 2)
    for _ in 0..<2 { _ = try run.step() }
    #expect(run.layer.byteCounts.record == 0)
    let merge = try run.merge()
    #expect(merge.survival == nil && merge.relativeUpdate == nil)
    #expect(merge.relativeError! > 0)
  }

  @Test func projectionsOfASeedRepeatAndDifferFromStepToStep() throws {
    func bases() throws -> [Tensor<Float>] {
      let run = Run(
        (48, 32),
        LoQTConfiguration(
          rank: 4, weightFormat: .float32, projectionFormat: .float32, compensationSteps: 0,
          projector: GradientProjector(
            method: .randomized(oversampling: 0, powerIterations: 0))), every: 1)
      return try (0..<2).map { _ in
        _ = try run.optimizer.step {
          meanSquaredError(
            run.layer(Variable(gaussian([64, 32], seed: 7))), gaussian([64, 48], seed: 8))
        }
        return run.layer.basis!
      }
    }
    let (a, b) = (try bases(), try bases())
    #expect(a == b)
    // The same gradient, sampled with other random numbers.
    #expect(relativeError(a[0], a[1]) > 0.1)
  }
}
