import Autodiff
import Tensors
import TestSupport
import Testing

/// Parameters held in 16 bits.
@Suite struct HalfParameterTests {
  private func parameters(_ storage: ParameterStorage) -> [Parameter] {
    [[40, 12], [24, 12], [40, 24]].enumerated().map { index, shape in
      var source = RandomSource(seed: UInt64(index))
      // Rounded first, so that both storages hold the same numbers.
      let values = Tensor<Float>.normal(Shape(shape), using: &source)
        .converted(to: BFloat16.self).converted(to: Float.self)
      let parameter = Parameter(values, name: "p\(index)")
      parameter.storage = storage
      return parameter
    }
  }

  /// Embedding, a linear layer, a head with its loss.
  private func loss(_ parameters: [Parameter]) -> Variable {
    let ids = Tensor<Int32>((0..<30).map { Int32($0 * 7 % 40) })
    let x = embedding(Variable(parameters[0]), at: ids)
    let y = linear(x, Variable(parameters[1]))
    return linearCrossEntropy(y, Variable(parameters[2]), labels: ids)
  }

  @Test func lossAndGradientsHaveTheBitsOfTheSameNumbersInSinglePrecision() {
    let (half, single) = (parameters(.bfloat16), parameters(.float32))
    let a = valueAndGradients(of: loss(half))
    let b = valueAndGradients(of: loss(single))
    #expect(a.value == b.value)
    for (p, q) in zip(half, single) { #expect(a.gradients[p] == b.gradients[q]) }
  }

  @Test func blocksThatAreRecomputedGiveTheSameBits() {
    let half = parameters(.bfloat16)
    let a = valueAndGradients(of: loss(half))
    let b = valueAndGradients(of: checkpointed { self.loss(half) })
    for p in half { #expect(a.gradients[p] == b.gradients[p]) }
  }

  @Test func gradientsFindTheirParametersUnshared() throws {
    let half = parameters(.bfloat16)
    var shared: [String] = []
    try backward(from: loss(half)) { event in
      guard case .dense(let parameter, _) = event else { return }
      if !parameter.halfTensor!.isUniquelyReferenced() { shared.append(parameter.name) }
    }
    #expect(shared == [])
  }

  @Test func aParameterTakesTwoBytesAnElementAndKeepsItsShape() {
    let parameter = Parameter(Tensor(repeating: 1.001, shape: [6, 5]))
    parameter.storage = .bfloat16
    #expect(parameter.byteCount == 60 && parameter.shape == [6, 5])
    #expect(parameter.tensor == Tensor(repeating: 1, shape: [6, 5]))
    parameter.tensor *= 2
    #expect(parameter.storage == .bfloat16 && parameter.tensor[0, 0].scalar == 2)
    parameter.storage = .float32
    #expect(parameter.byteCount == 120 && parameter.halfTensor == nil)
  }

  @Test func stepsBelowTheDistanceOfTwoNumbersAreNotLostOnAverage() {
    // 1 and its neighbour are 2^-7 apart; a hundred steps of 2^-11 make 100 / 2048 on average.
    let parameter = Parameter(.zeros([10_000]) + 1, name: "p")
    parameter.storage = .bfloat16
    for step in 0..<100 { parameter.update(step: step) { $0 = $0 + Float(1) / 2048 } }
    // The mean of ten thousand random walks, each with a variance below 100 (2^-7)^2 / 4: five deviations.
    #expect(abs(parameter.tensor.mean() - 1 - 100.0 / 2048) < 5 * 0.039 / 100)
  }

  @Test func collectedGradientsMayBeHeldInHalfTheBytes() {
    var gradients = Gradients(storage: .bfloat16)
    let parameter = Parameter(.zeros([300, 7]))
    gradients.add(.float(Tensor(repeating: 0.5, shape: [300, 7])), for: parameter)
    gradients.add(.float(Tensor(repeating: 0.25, shape: [300, 7])), for: parameter)
    #expect(gradients.byteCount == 2 * 300 * 7)
    #expect(gradients[parameter] == Tensor(repeating: 0.75, shape: [300, 7]))
    #expect(gradients.globalNorm == (0.5625 * 2_100).squareRoot())
  }
}
