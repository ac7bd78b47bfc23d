import Autodiff
import Layers
import LoQT
import Optimizers
import Quantization
import Stepping
import TestSupport
import Tensors
import Testing

/// The timing of a run: steps, rates, merges, and which parameters move when.
@Suite struct StepperTests {
  @Test func onlyTheFactorsStandStillAtAMergeStep() throws {
    let model = SmallModel(LoQTConfiguration(rank: 4))
    let optimizer = Stepper(
      AdamW(learningRate: .constant(0.01)), training: model, merges: .static(every: 3))
    for step in 0..<7 {
      let before = Dictionary(
        uniqueKeysWithValues: model.namedParameters().map { ($0.name, $0.parameter.tensor) })
      let report = try optimizer.step { model.loss(step) }
      #expect((report.merge != nil) == (step % 3 == 0))
      for (name, parameter) in model.namedParameters() {
        if name.hasSuffix("factor") {
          let layer = name.hasPrefix("left") ? model.left : model.right
          // At a merge step B has the value from Initialise.
          #expect((parameter.tensor == layer.factorAtStart) == (step % 3 == 0), "\(name) \(step)")
          #expect(parameter.isTrainable)
        } else {
          #expect(parameter.tensor != before[name], "\(name) at step \(step)")
        }
      }
    }
  }

  @Test func gradientsOfTheFactorsAreNotEvenComputedAtAMergeStep() throws {
    let model = SmallModel(LoQTConfiguration(rank: 4))
    let adam = WatchedAdam()
    let optimizer = Stepper(adam, training: model, merges: .static(every: 2))
    for step in 0..<4 {
      var names: Set<String> = []
      adam.beforeUpdate = { parameter, _, _ in names.insert(parameter.name) }
      _ = try optimizer.step(over: [2 * step, 2 * step + 1]) { model.loss($0) }
      let all = Set(model.namedParameters().map(\.name))
      #expect(names == (step % 2 == 0 ? all.filter { !$0.hasSuffix("factor") } : all))
    }
  }

  @Test func stepsCountAndTheRateFollowsThemThroughMerges() throws {
    let model = SmallModel(LoQTConfiguration(rank: 4))
    let schedule = LearningRateSchedule.cosine(peak: 0.01, steps: 6, warmup: 2)
    let optimizer = Stepper(
      AdamW(learningRate: schedule), training: model, merges: .static(every: 2), steps: 6)
    for step in 0..<6 {
      #expect(optimizer.step == step)
      #expect(optimizer.isMergeDue == (step % 2 == 0))
      let report = try optimizer.step { model.loss(step) }
      #expect(report.step == step && report.learningRate == schedule(step))
    }
    #expect(optimizer.step == 6)
  }

  @Test func reportsTheLossBeforeAndRightAfterAMerge() throws {
    let model = SmallModel(LoQTConfiguration(rank: 4, compensationSteps: 1))
    let optimizer = Stepper(
      AdamW(learningRate: .constant(0)), training: model, merges: .static(every: 2))
    let before = model.loss(0).scalar
    let report = try optimizer.step { model.loss(0) }
    let merge = try #require(report.merge)
    #expect(report.loss == before && merge.lossBefore == before)
    // With a rate of zero only the merge changes the model.
    #expect(merge.lossAfter == model.loss(0).scalar && merge.lossAfter != before)
    #expect(merge.layers.map(\.name) == ["right", "left"])
    #expect(merge.seconds > 0 && merge.step == 0)
    _ = try optimizer.step { model.loss(1) }
    optimizer.measuresLossAfterMerge = false
    #expect(try optimizer.step { model.loss(2) }.merge?.lossAfter == nil)
  }

  @Test func theSurvivalOfAMergeWeighsLayersByTheirUpdates() throws {
    let model = SmallModel(LoQTConfiguration(rank: 4))
    let optimizer = Stepper(
      AdamW(learningRate: .constant(0.01)), training: model, merges: .static(every: 3))
    var last: MergeReport?
    for step in 0..<4 { last = try optimizer.step { model.loss(step) }.merge ?? last }
    let merge = try #require(last)
    let parts = merge.layers.map { ($0.survival!, $0.updateEnergy!) }
    let expected =
      parts.reduce(0) { $0 + $1.0 * $1.1 } / parts.reduce(0) { $0 + $1.1 }
    #expect(abs(merge.survival! - expected) < 1e-12)
    #expect((0.3...1.1).contains(expected))
  }

  @Test func aLayerIsAModelOfItsOwn() throws {
    let layer = LoQTLinear(
      weight: gaussian([6, 5], seed: 1), configuration: LoQTConfiguration(rank: 2),
      random: RandomSource(seed: 0))
    let optimizer = Stepper(AdamW(learningRate: .constant(0.1)), training: layer)
    let report = try optimizer.step {
      meanSquaredError(layer(Variable(gaussian([8, 5], seed: 2))), gaussian([8, 6], seed: 3))
    }
    #expect(report.merge?.layers.count == 1)
  }

  @Test func aModelWithoutLoQTLayersIsTrainedWithoutMerges() throws {
    let head = Linear(weight: gaussian([3, 2], seed: 1))
    struct Model: Module { let head: Linear }
    let optimizer = Stepper(
      AdamW(learningRate: .constant(0.1)), training: Model(head: head))
    let start = head.weight.tensor
    let report = try optimizer.step {
      meanSquaredError(head(Variable(gaussian([8, 2], seed: 2))), gaussian([8, 3], seed: 3))
    }
    #expect(report.merge == nil && !optimizer.isMergeDue && head.weight.tensor != start)
  }

  @Test func updatesInsideBackwardGiveTheSameBitsAsCollectedOnes() throws {
    func train(collecting: Bool) throws -> [String: [UInt32]] {
      let model = SmallModel(LoQTConfiguration(rank: 4))
      let optimizer = Stepper(
        AdamW(learningRate: .constant(0.01)), training: model, merges: .static(every: 3))
      optimizer.measuresLossAfterMerge = false
      if collecting { optimizer.clippingNorm = 1e30 }
      for step in 0..<8 {
        let report = try optimizer.step { model.loss(step) }
        #expect((report.collectedGradientBytes > 0) == collecting)
        #expect((report.gradientNorm != nil) == collecting)
      }
      return model.bits
    }
    #expect(try train(collecting: false) == train(collecting: true))
  }

  @Test func theSameRunGivesTheSameBits() throws {
    func train() throws -> [String: [UInt32]] {
      let model = SmallModel(LoQTConfiguration(rank: 4))
      let optimizer = Stepper(
        AdamW(learningRate: .constant(0.01)), training: model, merges: .static(every: 3))
      for step in 0..<8 { _ = try optimizer.step(over: 0..<2) { model.loss(2 * step + $0) } }
      return model.bits
    }
    #expect(try train() == train())
  }

  @Test(arguments: [1, 3, 4, 7], StateRule.allCases)
  func goesOnFromASavedStateBitForBit(_ cut: Int, _ rule: StateRule) throws {
    let configuration = LoQTConfiguration(
      rank: 4,
      projector: GradientProjector(method: .randomized(oversampling: 1, powerIterations: 0)),
      stateRule: rule)
    func make() -> (model: SmallModel, adam: AdamW, optimizer: Stepper) {
      let model = SmallModel(configuration)
      let adam = AdamW(learningRate: .cosine(peak: 0.02, steps: 10))
      return (
        model, adam, Stepper(adam, training: model, merges: .static(every: 4), steps: 10)
      )
    }
    func run(_ optimizer: Stepper, _ model: SmallModel, to end: Int) throws -> [MergeReport] {
      var merges: [MergeReport] = []
      while optimizer.step < end {
        let report = try optimizer.step { model.loss(optimizer.step) }
        if let merge = report.merge { merges.append(merge) }
      }
      return merges
    }
    let whole = make()
    let expected = try run(whole.optimizer, whole.model, to: 10)

    let first = make()
    let merges = try run(first.optimizer, first.model, to: cut)
    let second = make()
    for (from, to) in zip(
      [first.model.left, first.model.right], [second.model.left, second.model.right])
    {
      to.restore(
        weight: from.weight, projection: from.projection, factor: from.factor.tensor,
        factorAtStart: from.factorAtStart)
    }
    for (from, to) in zip(first.model.parameters, second.model.parameters) {
      to.tensor = from.tensor
      try second.adam.restore(first.adam.state(of: from), of: to)
    }
    second.optimizer.resume(atStep: cut, due: first.optimizer.layersDue)
    let rest = try run(second.optimizer, second.model, to: 10)
    #expect(second.model.bits == whole.model.bits)
    #expect(
      (merges + rest).map { $0.layers.map(\.survival) }
        == expected.map { $0.layers.map(\.survival) })
  }

  @Test func mergesOfALongRunAreNotListedBeforehand() throws {
    let model = SmallModel(LoQTConfiguration(rank: 2))
    let optimizer = Stepper(
      AdamW(learningRate: .constant(0.01)), training: model, merges: .static(every: 1))
    optimizer.resume(atStep: 50_000_000)
    #expect(optimizer.isMergeDue)
    #expect(try optimizer.step { model.loss(0) }.merge?.step == 50_000_000)
  }
}
