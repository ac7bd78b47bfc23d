import Tensors
import Testing

@testable import Quantization

@Suite(.serialized) struct AdamWStepInt8Tests {
  func run(_ shape: Shape, blockSize: Int) -> (Tensor<Float>, Int8BlockTensor, Int8BlockTensor) {
    var p = normal(shape, seed: 7)
    var m = Int8BlockTensor(zeros: shape, map: .signed, blockSize: blockSize)
    var v = Int8BlockTensor(zeros: shape, map: .unsigned, blockSize: blockSize)
    for step in 1...4 {
      AdamWStep(
        learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, step: step,
        gradientScale: 0.5
      ).update(&p, normal(shape, seed: UInt64(step)), &m, &v)
    }
    return (p, m, v)
  }

  @Test(
    "The fused step is the float step between dequantising and quantising",
    arguments: [[0], [1], [257], [61, 333]] as [Shape], [32, 256, 4096])
  func fusedStep(shape: Shape, blockSize: Int) {
    var p = normal(shape, seed: 7)
    var m = Int8BlockTensor(zeros: shape, map: .signed, blockSize: blockSize)
    var v = Int8BlockTensor(zeros: shape, map: .unsigned, blockSize: blockSize)
    for step in 1...4 {
      var (first, second) = (m.dequantized(), v.dequantized())
      AdamWStep(
        learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, step: step,
        gradientScale: 0.5
      ).update(&p, normal(shape, seed: UInt64(step)), &first, &second)
      m = Int8BlockTensor(quantizing: first, map: .signed, blockSize: blockSize)
      v = Int8BlockTensor(quantizing: second, map: .unsigned, blockSize: blockSize)
    }
    withEveryInstructionSet { level in
      let fused = run(shape, blockSize: blockSize)
      #expect(bits(fused.0) == bits(p), "level \(level)")
      #expect(fused.1.parts == m.parts && fused.2.parts == v.parts, "level \(level)")
    }
  }

  @Test(
    "The step in bfloat16 is the float step, rounded stochastically",
    arguments: [[0], [1], [4099], [61, 333]] as [Shape], [32, 256])
  func bfloat16Step(shape: Shape, blockSize: Int) {
    withEveryInstructionSet { level in
      var source = RandomSource(seed: 3)
      var expectedSource = source
      var p = normal(shape, seed: 1).converted(to: BFloat16.self)
      var m = Int8BlockTensor(zeros: shape, map: .signed, blockSize: blockSize)
      var v = Int8BlockTensor(zeros: shape, map: .unsigned, blockSize: blockSize)
      var (expected, first, second) = (p, m, v)
      for count in 1...4 {
        let step = AdamWStep(
          learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, step: count)
        let gradient = normal(shape, seed: UInt64(10 + count)).converted(to: BFloat16.self)
        step.update(&p, gradient, &m, &v, rounding: &source)
        var floats = expected.converted(to: Float.self)
        step.update(&floats, gradient.converted(to: Float.self), &first, &second)
        expected = floats.converted(to: BFloat16.self, using: &expectedSource)
      }
      #expect(p.scalars.map(\.bitPattern) == expected.scalars.map(\.bitPattern), "level \(level)")
      #expect(m.parts == first.parts && v.parts == second.parts && source == expectedSource)
    }
  }
}
