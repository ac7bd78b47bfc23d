import Autodiff
import Layers
import LoQT
import Optimizers
import Quantization
import Stepping
import TestSupport
import Tensors
import Testing

/// Clipping, non-finite numbers and losses that throw.
@Suite struct GuardTests {
  struct Interruption: Error {}

  private func run(
    _ merges: MergeSchedule = .static(every: 3)
  ) -> (model: SmallModel, adam: WatchedAdam, optimizer: Stepper) {
    let model = SmallModel(LoQTConfiguration(rank: 4))
    let adam = WatchedAdam()
    return (model, adam, Stepper(adam, training: model, merges: merges))
  }

  static let fixture = try! Fixture("optimizers")

  @Test(arguments: ["clip_active", "clip_inactive"])
  func clipsByTheGlobalNormAsPyTorchDoes(_ name: String) throws {
    let f = Self.fixture
    struct Pair: Module { let a, b: Parameter }
    let a: Tensor<Float> = try f.tensor("a", of: name)
    let b: Tensor<Float> = try f.tensor("b", of: name)
    let pair = Pair(a: Parameter(.zeros(a.shape)), b: Parameter(.zeros(b.shape)))
    let adam = WatchedAdam()
    var clipped: [String: Tensor<Float>] = [:]
    adam.beforeUpdate = { clipped[$0.name] = $1 * $2 }
    let optimizer = Stepper(adam, training: pair)
    optimizer.clippingNorm = f.number("limit", of: name)
    let report = try optimizer.step {
      (Variable(pair.a) * Variable(a)).sum() + (Variable(pair.b) * Variable(b)).sum()
    }
    let norm: Tensor<Float> = try f.tensor("norm", of: name)
    // PyTorch's result in double, rounded to float32; it adds 1e-6 to the norm that it divides by.
    #expect(abs(report.gradientNorm! / Double(norm.scalars[0]) - 1) < 1e-6)
    #expect(relativeError(clipped["a"]!, try f.tensor("a_clipped", of: name)) < 1e-6)
    #expect(relativeError(clipped["b"]!, try f.tensor("b_clipped", of: name)) < 1e-6)
  }

  @Test func clippingNormLeavesOutTheFactorsAtAMergeStep() throws {
    let (model, _, optimizer) = run()
    optimizer.clippingNorm = 1e-3
    for step in 0..<5 {
      let gradients = valueAndGradients(of: model.loss(step)).gradients
      var squares = 0.0
      for (name, parameter) in model.namedParameters()
      where step % 3 != 0 || !name.hasSuffix("factor") {
        squares += gradients[parameter]?.sumOfSquares() ?? 0
      }
      let report = try optimizer.step { model.loss(step) }
      #expect(abs(report.gradientNorm! / squares.squareRoot() - 1) < 1e-6, "step \(step)")
    }
  }

  @Test func aLossThatIsNotFiniteSkipsTheStepAndItsMergeStaysDue() throws {
    let (model, adam, optimizer) = run()
    let start = model.bits
    var updates = 0
    adam.beforeUpdate = { _, _, _ in updates += 1 }
    for step in 0..<2 {
      let report = try optimizer.step { Variable(Tensor(.nan)) * model.loss(step) }
      #expect(report.skipped == ["*"] && report.merge == nil && report.step == step)
      #expect(report.loss.isNaN)
      #expect(optimizer.layersDue == ["left", "right"] && optimizer.isMergeDue)
    }
    #expect(updates == 0 && model.bits == start && optimizer.step == 2)
    #expect(model.left.factor.isTrainable && !model.left.handle.isGradientRequested)
    let report = try optimizer.step { model.loss(2) }
    #expect(report.merge?.layers.count == 2 && report.merge?.step == 2 && report.skipped == [])
    #expect(optimizer.layersDue == [])
    // The schedule continues as planned.
    #expect(try optimizer.step { model.loss(3) }.merge?.step == 3)
  }

  @Test func oneMicroBatchThatIsNotFiniteSkipsTheWholeStep() throws {
    let (model, _, optimizer) = run()
    for broken in 0..<2 {
      let start = model.bits
      let report = try optimizer.step(over: 0..<2) { index in
        index == broken ? Variable(Tensor(.infinity)) : model.loss(index)
      }
      #expect(report.skipped == ["*"] && model.bits == start)
    }
    #expect(try optimizer.step(over: 0..<2) { model.loss($0) }.merge?.layers.count == 2)
  }

  @Test func tooManyLossesThatAreNotFiniteStopTheRunWithASentence() throws {
    let (model, _, optimizer) = run()
    optimizer.patience = 3
    for _ in 0..<2 {
      for _ in 0..<2 { _ = try optimizer.step { Variable(Tensor(.nan)) } }
      // A finite loss in between resets the count.
      _ = try optimizer.step { model.loss(0) }
    }
    for _ in 0..<2 { _ = try optimizer.step { Variable(Tensor(.infinity)) } }
    do {
      _ = try optimizer.step { Variable(Tensor(.nan)) }
      Issue.record("no error after \(optimizer.patience) non-finite losses")
    } catch let error as TrainingError {
      #expect(
        error.description
          == "The loss has not been a finite number for 3 steps in a row, up to step 9. Lower the "
          + "learning rate or the scale, or lengthen the warm-up.")
    }
    #expect(model.head.weight.tensor.allFinite)
  }

  @Test(arguments: [nil, 1e-3])
  func aGradientThatIsNotFiniteSkipsItsParameterByName(_ clippingNorm: Double?) throws {
    struct Model: Module {
      let small: SmallModel
      let broken = Parameter(.zeros([3]))
    }
    let model = Model(small: SmallModel(LoQTConfiguration(rank: 4)))
    let adam = WatchedAdam()
    let optimizer = Stepper(adam, training: model, merges: .static(every: 3))
    optimizer.clippingNorm = clippingNorm
    optimizer.patience = 6
    for step in 0..<5 {
      var scales: Set<Float> = []
      var names: Set<String> = []
      adam.beforeUpdate = { parameter, _, scale in
        scales.insert(scale)
        names.insert(parameter.name)
      }
      let report = try optimizer.step {
        // The square root of 0 is finite and its derivative is not.
        model.small.loss(step) + sqrt(Variable(model.broken)).sum()
      }
      #expect(report.skipped == ["broken"])
      #expect(!names.contains("broken") && names.contains("small.head.weight"))
      #expect(model.broken.tensor == .zeros([3]))
      if let clippingNorm {
        // The others are clipped by their own norm.
        #expect(report.gradientNorm!.isFinite)
        #expect(scales == [Float(clippingNorm / report.gradientNorm!)])
      }
    }
    #expect(model.parameters.allSatisfy { $0.tensor.allFinite })
    // As many in a row end the run.
    let error = #expect(throws: TrainingError.self) {
      try optimizer.step { model.small.loss(5) + sqrt(Variable(model.broken)).sum() }
    }
    #expect(error?.description.hasPrefix("Gradients have not been finite for 6 steps") == true)
  }

  @Test func anErrorOfTheLossLeavesEverythingValidAndTheMergeDue() throws {
    let (model, _, optimizer) = run()
    for merging in [true, false] {
      let start = model.bits
      let step = optimizer.step
      #expect(throws: Interruption.self) {
        try optimizer.step(over: 0..<3) { index in
          if index == 2 { throw Interruption() }
          return model.loss(index)
        }
      }
      #expect(model.bits == start && optimizer.step == step && optimizer.isMergeDue == merging)
      for layer in [model.left, model.right] {
        #expect(layer.factor.isTrainable && !layer.handle.isGradientRequested)
      }
      let report = try optimizer.step(over: 0..<3) { model.loss($0) }
      #expect(report.step == step && report.merge?.layers.count == (merging ? 2 : nil))
    }
  }

  @Test func anErrorRightAfterTheMergeLeavesMergedLayersAndTheStepCanBeRepeated() throws {
    let (model, _, optimizer) = run()
    var calls = 0
    #expect(throws: Interruption.self) {
      try optimizer.step {
        calls += 1
        // The second forward pass measures the loss after the merge.
        if calls == 2 { throw Interruption() }
        return model.loss(0)
      }
    }
    #expect(optimizer.step == 0 && model.left.projection != nil && model.left.factor.isTrainable)
    let (codes, factor) = (model.left.weight.parts, model.left.factor.tensor)
    let head = model.head.weight.tensor
    let report = try optimizer.step { model.loss(0) }
    // Merged layers are not rounded again.
    #expect(model.left.weight.parts == codes && model.left.factor.tensor == factor)
    #expect(report.step == 0 && model.head.weight.tensor != head)
    #expect(try optimizer.step { model.loss(1) }.merge == nil)
    #expect(model.left.factor.tensor != factor)
  }
}
