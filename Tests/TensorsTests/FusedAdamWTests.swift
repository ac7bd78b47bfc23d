import Testing

@testable import Tensors

struct FusedAdamWTests {
  func step(_ count: Int) -> AdamWStep {
    AdamWStep(
      learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, step: count,
      gradientScale: 0.5)
  }

  func normal(_ shape: Shape, seed: UInt64) -> Tensor<Float> {
    var source = RandomSource(seed: seed)
    return .normal(shape, standardDeviation: 0.1, using: &source)
  }

  func bits(_ x: Tensor<Float>) -> [UInt32] { x.scalars.map(\.bitPattern) }

  @Test(
    "A step in bfloat16 is the float step, rounded stochastically",
    arguments: [[0], [1], [8], [4095], [4099], [61, 1333]] as [Shape])
  func bfloat16Step(shape: Shape) {
    var source = RandomSource(seed: 3)
    var expectedSource = source
    var p = normal(shape, seed: 1).converted(to: BFloat16.self)
    var (m, v) = (Tensor<Float>.zeros(shape), Tensor<Float>.zeros(shape))
    var (expected, first, second) = (p, m, v)
    for count in 1...4 {
      let gradient = normal(shape, seed: UInt64(10 + count))
      step(count).update(&p, gradient, &m, &v, rounding: &source)
      var floats = expected.converted(to: Float.self)
      step(count).update(&floats, gradient, &first, &second)
      expected = floats.converted(to: BFloat16.self, using: &expectedSource)
      #expect(p.scalars.map(\.bitPattern) == expected.scalars.map(\.bitPattern))
      #expect(bits(m) == bits(first) && bits(v) == bits(second) && source == expectedSource)
    }
  }

  @Test("A gradient in bfloat16 counts as its values in float")
  func bfloat16Gradient() {
    let shape: Shape = [5, 1001]
    let gradient = normal(shape, seed: 2).converted(to: BFloat16.self)
    var (p, m, v) = (normal(shape, seed: 1), Tensor<Float>.zeros(shape), Tensor<Float>.zeros(shape))
    var (q, first, second) = (p, m, v)
    step(1).update(&p, gradient, &m, &v)
    step(1).update(&q, gradient.converted(to: Float.self), &first, &second)
    #expect(bits(p) == bits(q) && bits(m) == bits(first) && bits(v) == bits(second))
  }

  @Test("Steps too small for bfloat16 move the mean")
  func smallSteps() {
    let (count, steps, rate) = (1 << 16, 20, 1e-5)
    var source = RandomSource(seed: 3)
    var p = Tensor<Float>.ones([count]).converted(to: BFloat16.self)
    var (m, v) = (Tensor<Float>.zeros([count]), Tensor<Float>.zeros([count]))
    for i in 1...steps {
      AdamWStep(
        learningRate: rate, beta1: 0.9, beta2: 0.999, epsilon: 0, weightDecay: 0, step: i
      ).update(&p, Tensor<Float>.ones([count]), &m, &v, rounding: &source)
    }
    let values = p.converted(to: Float.self).scalars
    let moved = 1 - values.reduce(0.0) { $0 + Double($1) } / Double(count)
    // An element moves by 2^-8 or not at all: a variance of 2^-8 times the distance. Five
    // deviations.
    let way = Double(steps) * rate
    #expect(abs(moved - way) < 5 * (0x1p-8 * way / Double(count)).squareRoot())
  }
}
