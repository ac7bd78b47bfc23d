import Autodiff
import Layers
import LoQT
import Optimizers
import Quantization
import Stepping
import TestSupport
import Tensors
import Testing

/// What a run holds, and for how long. Live buffers are counted per process, so those tests run in
/// separate ones.
@Suite struct MemoryTests {
  /// The paper's formula (arXiv 2405.16528, table 1) with float32 for B and everything else: the exact
  /// bytes of each part.
  @Test(arguments: [true, false], [true, false])
  func bytesAreThoseOfTheMemoryModel(_ doubleQuantised: Bool, _ recordsSurvival: Bool) throws {
    let format = WeightFormat.nf4(doubleQuantized: doubleQuantised)
    let rank = 4
    let model = SmallModel(
      LoQTConfiguration(
        rank: .count(rank), weightFormat: format, projectionFormat: format,
        recordsSurvival: recordsSurvival))
    let adam = AdamW(learningRate: .constant(0.01))
    let optimizer = Stepper(adam, training: model, merges: .static(every: 2))
    for step in 0..<4 { _ = try optimizer.step { model.loss(step) } }

    let sizes = [(12, 20), (20, 10)]
    var expected = (weights: 0, projections: 0, factors: 0, records: 0)
    for (m, n) in sizes {
      expected.weights += format.byteCount(shape: [m, n])
      expected.projections += format.byteCount(shape: [min(m, n), rank])
      expected.factors += 4 * max(m, n) * rank
      expected.records += recordsSurvival ? 4 * max(m, n) * rank : 0
    }
    let others = 20 + 10 + 4 * 10 + 4
    let counts = [model.left, model.right].map(\.byteCounts)
    #expect(counts.map(\.weight).reduce(0, +) == expected.weights)
    #expect(counts.map(\.projection).reduce(0, +) == expected.projections)
    #expect(counts.map(\.factor).reduce(0, +) == expected.factors)
    #expect(counts.map(\.record).reduce(0, +) == expected.records)
    #expect(adam.stateByteCount == 2 * expected.factors + 8 * others)
    #expect(
      model.parameters.reduce(0) { $0 + $1.tensor.byteCount } == expected.factors + 4 * others)
  }

  @Test func aStepLeavesNoBufferBehind() async {
    await #expect(processExitsWith: .success) {
      let data = (0..<4).map { ($0, gaussian([32, 12], seed: $0), gaussian([32, 4], seed: $0)) }
      let model = SmallModel(LoQTConfiguration(rank: 4))
      func loss(_ index: Int) -> Variable {
        meanSquaredError(model(Variable(data[index].1)), data[index].2)
      }
      let optimizer = Stepper(
        AdamW(learningRate: .constant(0.01)), training: model, merges: .static(every: 3))
      // Adam's states and the record of B are created in the first interval.
      for step in 0..<4 { _ = try optimizer.step { loss(step % 4) } }
      let (buffers, bytes) = (TensorMemory.liveBuffers, TensorMemory.liveBytes)
      for step in 4..<16 {
        if step % 2 == 0 {
          _ = try optimizer.step { loss(step % 4) }
        } else {
          _ = try optimizer.step(over: 0..<3) { loss($0) }
        }
        #expect(TensorMemory.liveBuffers == buffers, "step \(step)")
        #expect(TensorMemory.liveBytes == bytes, "step \(step)")
      }
      // A failed step leaves nothing either.
      struct Interruption: Error {}
      for merges in [0, 1] {
        _ = try? optimizer.step(over: 0..<3) { index in
          if index == 2 { throw Interruption() }
          return loss(index)
        }
        #expect(TensorMemory.liveBuffers == buffers)
        for _ in 0..<2 * merges { _ = try optimizer.step { loss(0) } }
      }
    }
  }

  @Test func liveBuffersAreTheStatesAndNothingElse() async {
    await #expect(processExitsWith: .success) {
      let start = TensorMemory.liveBytes
      let model = SmallModel(LoQTConfiguration(rank: 4))
      let adam = AdamW(learningRate: .constant(0.01))
      let optimizer = Stepper(adam, training: model, merges: .static(every: 3))
      for step in 0..<5 { _ = try optimizer.step { model.loss(step) } }
      // Buffers are rounded up to 64 bytes; an empty or scalar one takes 64.
      func rounded(_ bytes: Int) -> Int { max(64, (bytes + 63) / 64 * 64) }
      var expected = 0
      for parameter in model.parameters {
        expected += rounded(parameter.tensor.byteCount)
        for (name, part) in adam.state(of: parameter).floats where name != "step" {
          expected += rounded(part.byteCount)
        }
      }
      for layer in [model.left, model.right] {
        for parts in [layer.weight.parts, layer.projection!.parts] {
          expected += parts.bytes.values.reduce(0) { $0 + rounded($1.byteCount) }
          // The offset of the scales is a number, not a buffer.
          expected += rounded(parts.floats["nested_absmax"]!.byteCount)
        }
        expected += rounded(layer.byteCounts.record)
      }
      #expect(TensorMemory.liveBytes - start == expected)
    }
  }

  @Test func updatesDuringBackwardFindTheirParametersUnshared() throws {
    let model = SmallModel(LoQTConfiguration(rank: 4))
    let adam = WatchedAdam()
    var shared: [String] = []
    var seen: Set<String> = []
    var addresses: [String: UInt] = [:]
    adam.beforeUpdate = { parameter, _, _ in
      seen.insert(parameter.name)
      if !parameter.tensor.isUniquelyReferenced() { shared.append(parameter.name) }
      addresses[parameter.name] = parameter.tensor.withUnsafeBuffer {
        UInt(bitPattern: $0.baseAddress)
      }
    }
    let optimizer = Stepper(adam, training: model, merges: .static(every: 4))
    optimizer.measuresLossAfterMerge = false
    for step in 0..<7 {
      _ = try optimizer.step { model.loss(step) }
      for (name, parameter) in model.namedParameters() where addresses[name] != nil {
        let address = parameter.tensor.withUnsafeBuffer { UInt(bitPattern: $0.baseAddress) }
        if step % 4 != 0 { #expect(addresses[name] == address, "\(name) at step \(step)") }
      }
    }
    #expect(shared == [])
    #expect(seen == Set(model.namedParameters().map(\.name)))
  }

  @Test func onAnOrdinaryStepTheLeftSideKeepsNoInput() async {
    await #expect(processExitsWith: .success) {
      func kept(_ out: Int, _ input: Int, merging: Bool) throws -> Int {
        let layer = LoQTLinear(
          weight: gaussian([out, input], seed: 1), configuration: LoQTConfiguration(rank: 2),
          random: RandomSource(seed: 2))
        let optimizer = Stepper(
          AdamW(learningRate: .constant(0.01)), training: SingleLayer(layer: layer), merges: .once)
        _ = try optimizer.step {
          meanSquaredError(
            layer(Variable(gaussian([32, input], seed: 3))), gaussian([32, out], seed: 4))
        }
        layer.handle.isGradientRequested = merging
        let start = TensorMemory.liveBytes
        let y = layer(Variable(gaussian([32, input], seed: 3)))
        return TensorMemory.liveBytes - start - 4 * 32 * out
          - (y.needsGradient ? 0 : 1)
      }
      let bytes = [
        try kept(64, 48, merging: false), try kept(64, 48, merging: true),
        try kept(48, 64, merging: false), try kept(48, 64, merging: true),
      ]
      // x P, [32, 2], on the left side; x itself on the right and when the layer is merged. What is not
      // kept takes the smallest buffer, of 64 bytes.
      #expect(bytes == [256 + 64, 256 + 6144, 8192 + 64, 8192 + 64])
    }
  }

  @Test(arguments: [true, false])
  func initialiseHoldsNoWholeMatrixBesideW(_ isLeft: Bool) async {
    await #expect(processExitsWith: .success) { [isLeft] in
      let shape: Shape = isLeft ? [6144, 2048] : [2048, 6144]
      let weight = gaussian(shape, seed: 1)
      let basis = try orthonormal(2048, 16, seed: 2)
      let start = TensorMemory.liveBytes
      TensorMemory.resetPeak()
      let state = Initialization(
        of: weight, basis: basis, side: isLeft ? .left : .right, scale: 0.5, weightFormat: .nf4(),
        projectionFormat: .nf4(), steps: 2)
      let panel = 4 << 20
      // The best and the current W_q; B, fitted and multiplied; three panels.
      let bound = 2 * state.weight.byteCount + 8 * state.factor.byteCount + 3 * panel
      #expect(TensorMemory.peakBytes - start < bound)
      #expect(bound < weight.byteCount)
    }
  }

  /// Few and many tokens compared to the sides of W, which determines how P is computed.
  @Test(arguments: [(true, 64, false), (false, 64, false), (true, 64, true), (false, 1500, false)])
  func aMergeHoldsAtMostTwoDenseMatrices(_ isLeft: Bool, _ tokens: Int, _ rounding: Bool) async {
    await #expect(processExitsWith: .success) { [isLeft, tokens, rounding] in
      let (out, input) = isLeft ? (4096, 1024) : (1024, 4096)
      let layer = LoQTLinear(
        weight: gaussian([out, input], seed: 1),
        configuration: LoQTConfiguration(
          rank: 32, compensationSteps: 2, roundsStochastically: rounding,
          keepsOriginalWeight: false),
        random: RandomSource(seed: 2))
      let optimizer = Stepper(
        AdamW(learningRate: .constant(0.01)), training: SingleLayer(layer: layer),
        merges: .static(every: 2))
      let x = gaussian([tokens, input], seed: 3)
      let target = gaussian([tokens, out], seed: 4)
      // The forward and backward pass of an ordinary step, to which the merge adds.
      func peak() throws -> Int {
        let start = TensorMemory.liveBytes
        TensorMemory.resetPeak()
        _ = try optimizer.step { meanSquaredError(layer(Variable(x)), target) }
        return TensorMemory.peakBytes - start
      }
      optimizer.measuresLossAfterMerge = false
      _ = try peak()
      let ordinary = try peak()
      #expect(try peak() - ordinary < 2 * 4 * out * input)
      #expect(layer.factor.tensor.sumOfSquares() > 0)
    }
  }
}
