import Autodiff
import LoQT
import Optimizers
import Quantization
import Stepping
import TestSupport
import Tensors
import Testing

/// Misuse traps with a sentence that names the operation and the shapes.
@Suite struct TrapTests {
  @Test func anInputThatDoesNotFit() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let layer = LoQTLinear(
        weight: gaussian([6, 5], seed: 1), configuration: LoQTConfiguration(rank: 2),
        random: RandomSource(seed: 0))
      _ = layer(Variable(gaussian([3, 6], seed: 2)))
    }
    #expect(message(result).contains("linear: [3, 6] does not fit [6, 5]"))
  }

  @Test func aStateThatDoesNotFit() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let layer = LoQTLinear(
        weight: gaussian([6, 5], seed: 1), configuration: LoQTConfiguration(rank: 2),
        random: RandomSource(seed: 0))
      layer.restore(
        weight: .dense(.zeros([6, 5])), projection: .dense(.zeros([5, 2])), factor: .zeros([6, 2]))
    }
    #expect(message(result).contains("the state does not fit a layer [6, 5]"))
  }

  @Test func aBiasThatDoesNotFit() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = LoQTLinear(
        weight: gaussian([6, 5], seed: 1), bias: .zeros([5]),
        configuration: LoQTConfiguration(rank: 2), random: RandomSource(seed: 0))
    }
    #expect(message(result).contains("bias [5] does not fit weight [6, 5]"))
  }

  @Test func aConfigurationWithoutRank() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = LoQTConfiguration(rank: 0)
    }
    #expect(message(result).contains("LoQTConfiguration: rank 0 is below 1"))
  }

  @Test func aStepOverNothing() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let optimizer = Stepper(
        AdamW(learningRate: .constant(0.1)),
        training: SmallModel(LoQTConfiguration(rank: 2)))
      _ = try optimizer.step(over: [Int]()) { _ in Variable(Tensor(0)) }
    }
    #expect(message(result).contains("step(over:): no micro-batches"))
  }

  @Test func aBasisThatDoesNotFit() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Initialization(
        of: .zeros([6, 5]), basis: .zeros([6, 2]), side: .left, scale: 1, weightFormat: .nf4(),
        projectionFormat: .nf4(), steps: 1)
    }
    #expect(
      message(result).contains("basis [6, 2] does not fit the left side of W [6, 5]"))
  }

  private func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }
}
