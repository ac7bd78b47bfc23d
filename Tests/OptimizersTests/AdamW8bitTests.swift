import Autodiff
import Optimizers
import Quantization
import TestSupport
import Tensors
import Testing

@Suite struct AdamW8bitTests {
  static let fixture = try! Fixture("optimizers")

  /// The fixture's elements repeated to `count`, enough for 8 bits. Whole blocks only, since the fixture's
  /// last block is short.
  private func repeated(_ x: Tensor<Float>, count: Int) -> Tensor<Float> {
    let scalars = Array(x.scalars.prefix(768))
    return Tensor((0..<count).map { scalars[$0 % scalars.count] })
  }

  @Test(arguments: ["adam_8bit", "adamw_8bit"])
  func agreesWithTheNearestCodeReferenceBitForBitOverTwentySteps(_ name: String) throws {
    let f = Self.fixture
    let count = 768 * 6
    let adam = AdamW8bit(
      learningRate: .constant(f.number("lr", of: name)), epsilon: f.number("eps", of: name),
      weightDecay: f.number("weight_decay", of: name))
    let parameter = Parameter(repeated(try f.tensor("initial", of: name), count: count))
    let gradients: Tensor<Float> = try f.tensor("gradients", of: name)
    let expected: Tensor<Float> = try f.tensor("parameters", of: name)
    #expect(gradients.shape[0] == 20)
    for step in 0..<gradients.shape[0] {
      adam.update(parameter, repeated(gradients.element(at: step), count: count), step: step)
      let reference = repeated(expected.element(at: step), count: count)
      #expect(parameter.tensor.scalars == reference.scalars, "step \(step)")
    }
    let state = adam.state(of: parameter)
    for moment in ["first", "second"] {
      let codes = try f.tensor("\(moment)_codes", of: name, as: UInt8.self)
      let reference = repeated(Tensor(codes.scalars.map(Float.init)), count: count)
      #expect(state.bytes["\(moment)_codes"]!.scalars.map(Float.init) == reference.scalars)
      let scales = try f.tensor("\(moment)_absmax", of: name).scalars
      for (block, scale) in state.floats["\(moment)_absmax"]!.scalars.enumerated() {
        #expect(scale == scales[block % 3])
      }
    }
  }

  @Test func theNumberOfThreadsDoesNotMatter() {
    let gradients = (0..<4).map { gaussian([5003], seed: UInt64($0)) }
    var results: [[Float]] = []
    for threads in [1, 2] {
      let count = Threads.count
      defer { Threads.count = count }
      Threads.count = threads
      let parameter = Parameter(gaussian([5003], seed: 9))
      AdamW8bit(learningRate: .constant(0.1), weightDecay: 0.1).run(parameter, gradients)
      results.append(parameter.tensor.scalars)
    }
    #expect(results[0] == results[1])
  }

  @Test func smallParametersAreThoseOfAdamW() {
    let gradients = (0..<5).map { gaussian([4095], seed: UInt64($0)) }
    let (a, b) = (Parameter(gaussian([4095], seed: 9)), Parameter(gaussian([4095], seed: 9)))
    let (eight, full) = (
      AdamW8bit(learningRate: .cosine(peak: 0.1, steps: 5), weightDecay: 0.1),
      AdamW(learningRate: .cosine(peak: 0.1, steps: 5), weightDecay: 0.1)
    )
    eight.run(a, gradients)
    full.run(b, gradients)
    #expect(a.tensor == b.tensor)
    #expect(eight.state(of: a) == full.state(of: b))
    #expect(eight.stateByteCount == full.stateByteCount)
    eight.reset(a)
    #expect(eight.stateByteCount == 0)
  }

  @Test func remembersTwoBytesAnElementAndTwoScalesABlock() {
    let parameter = Parameter(.zeros([100, 77]))
    let adam = AdamW8bit(learningRate: .constant(0.1))
    adam.update(parameter, gaussian([100, 77], seed: 1), step: 0)
    // 7700 elements in 31 blocks.
    #expect(adam.stateByteCount == 2 * 7700 + 8 * 31)
    adam.reset(parameter)
    #expect(adam.stateByteCount == 0 && adam.state(of: parameter).isEmpty)
  }

  @Test func updatesHappenInPlace() {
    let parameter = Parameter(gaussian([5000], seed: 1))
    let address = parameter.address
    AdamW8bit(learningRate: .constant(0.1)).run(
      parameter, [gaussian([5000], seed: 2), gaussian([5000], seed: 3)])
    #expect(parameter.address == address)
  }

  @Test(arguments: [256, 2048])
  func goesOnFromARestoredStateBitForBit(blockSize: Int) throws {
    let gradients = (0..<8).map { gaussian([4500], seed: UInt64($0)) }
    func make() -> AdamW8bit {
      AdamW8bit(
        learningRate: .cosine(peak: 0.1, steps: 8), weightDecay: 0.1, blockSize: blockSize)
    }
    let whole = Parameter(gaussian([4500], seed: 100))
    make().run(whole, gradients)
    let first = Parameter(gaussian([4500], seed: 100))
    let adam = make()
    adam.run(first, Array(gradients[..<3]))
    let second = Parameter(first.tensor)
    let restored = make()
    try restored.restore(adam.state(of: first), of: second)
    // Further steps of the first must not affect the second.
    adam.run(first, Array(gradients[..<2]))
    restored.run(second, Array(gradients[3...]), from: 3)
    #expect(second.tensor == whole.tensor)
  }

  @Test func refusesAStateThatDoesNotFit() throws {
    let parameter = Parameter(gaussian([4500], seed: 1), name: "layer.weight")
    let adam = AdamW8bit(learningRate: .constant(0.1))
    adam.run(parameter, [gaussian([4500], seed: 2)])
    let state = adam.state(of: parameter)
    func refuses(_ change: (inout TensorParts) -> Void) -> Bool {
      var changed = state
      change(&changed)
      do {
        try adam.restore(changed, of: parameter)
        return false
      } catch {
        return error.description.contains("layer.weight")
      }
    }
    #expect(!refuses { _ in })
    for name in state.floats.keys { #expect(refuses { $0.floats[name] = nil }, "\(name)") }
    for name in state.bytes.keys { #expect(refuses { $0.bytes[name] = nil }, "\(name)") }
    // Codes as floats.
    #expect(
      refuses {
        $0.floats["first_codes"] = $0.bytes.removeValue(forKey: "first_codes")!
          .converted(to: Float.self)
      })
    #expect(refuses { $0.bytes["first_codes"] = Tensor(repeating: 0, shape: [4_499]) })
    #expect(refuses { $0.floats["second_absmax"]![0] = .nan })
    #expect(refuses { $0.floats["second_absmax"] = .zeros([17]) })
    #expect(refuses { $0.floats["step"] = Tensor(-1) })
  }

  @Test func projectCarriesTheMomentsIntoTheBasis() {
    let parameter = Parameter(gaussian([48, 100], seed: 1))
    let adam = AdamW8bit(learningRate: .constant(0.1))
    let plain = AdamW(learningRate: .constant(0.1))
    let twin = Parameter(parameter.tensor)
    let gradients = [gaussian([48, 100], seed: 2), gaussian([48, 100], seed: 3)]
    adam.run(parameter, gradients)
    plain.run(twin, gradients)
    let overlap = gaussian([48, 48], seed: 4)
    adam.reparameterize(parameter, by: .project(overlap: overlap, rankAxis: 0))
    plain.reparameterize(twin, by: .project(overlap: overlap, rankAxis: 0))
    for (name, map) in [("first", DynamicMap.signed), ("second", .unsigned)] {
      let codes = adam.state(of: parameter).bytes["\(name)_codes"]!
      let moments = try! Int8BlockTensor(
        shape: [48, 100], map: map,
        parts: TensorParts(
          bytes: ["codes": codes],
          floats: ["absmax": adam.state(of: parameter).floats["\(name)_absmax"]!]))
      // Quantised three times, each with an error of up to 0.7 % of a block's largest element.
      #expect(relativeError(moments.dequantized(), plain.state(of: twin).floats[name]!) < 0.05)
    }
    adam.reparameterize(parameter, by: .keep)
    #expect(!adam.state(of: parameter).isEmpty)
    adam.reparameterize(parameter, by: .reset)
    #expect(adam.state(of: parameter).isEmpty)
  }

  /// On a quadratic both find the minimum despite the coarse moments.
  @Test func descendsAsFarAsFullPrecision() {
    let target = gaussian([64, 80], seed: 5)
    func loss(_ optimizer: some Optimizer) -> Double {
      let parameter = Parameter(.zeros([64, 80]))
      for step in 0..<200 { optimizer.run(parameter, [parameter.tensor - target], from: step) }
      return relativeError(parameter.tensor, target)
    }
    let schedule = LearningRateSchedule.cosine(peak: 0.1, steps: 200)
    let (eight, full) = (
      loss(AdamW8bit(learningRate: schedule)), loss(AdamW(learningRate: schedule))
    )
    #expect(full < 1e-3)
    #expect(eight < 1e-2, "\(eight)")
  }
}
