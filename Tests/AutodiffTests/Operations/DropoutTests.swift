import Autodiff
import Tensors
import Testing

@Suite struct DropoutTests {
  static let shapes: [Shape] = [
    [], [1], [2], [3], [4], [5], [17], [1, 1], [2, 3], [3, 2], [5, 5], [1, 7], [7, 1], [2, 2, 2],
    [1, 3, 1], [4, 1, 4], [2, 3, 4], [1, 1, 1, 1], [2, 1, 2, 3], [31],
  ]

  @Test("dropout has the gradient of central differences", arguments: shapes)
  func gradients(_ shape: Shape) {
    for rate in [0, 0.1, 0.5, 0.9] {
      expectGradients([shape]) { dropout($0[0], rate: rate, random: RandomSource(seed: 3)) }
    }
  }

  @Test("A share of the elements is dropped, and the rest scaled to keep the mean")
  func shares() {
    let count = 100_000
    for rate in [0.1, 0.5, 0.8] {
      let y = dropout(Variable(.ones([count])), rate: rate, random: RandomSource(seed: 1)).tensor
      let dropped = Double(y.scalars.count { $0 == 0 })
      // Five standard deviations of a binomial count.
      let deviation = (Double(count) * rate * (1 - rate)).squareRoot()
      #expect(abs(dropped - rate * Double(count)) <= 5 * deviation)
      #expect(y.maximum() == Float(1 / (1 - rate)))
    }
  }

  @Test("The gradient uses the same mask as the value")
  func sameMask() {
    let x = Parameter(.ones([5000]))
    withTrainingMode(random: RandomSource(seed: 1)) {
      let y = dropout(Variable(x), rate: 0.3)
      let gradient = valueAndGradients(of: y.sum()).gradients[x]
      #expect(gradient == y.tensor)
    }
  }

  @Test("Dropout returns x outside training mode and at a rate of 0")
  func evaluation() {
    let x = Variable(normal([100], seed: 1))
    #expect(!TrainingMode.isOn)
    #expect(dropout(x, rate: 0.5).tensor == x.tensor)
    withTrainingMode(random: RandomSource(seed: 1)) {
      #expect(TrainingMode.isOn)
      #expect(dropout(x, rate: 0.5).tensor != x.tensor)
      #expect(dropout(x, rate: 0).tensor == x.tensor)
    }
  }

  @Test("Each use draws a new mask, and equal sources draw equal masks")
  func masks() {
    func masks(seed: UInt64) -> [Tensor<Float>] {
      withTrainingMode(random: RandomSource(seed: seed)) {
        (0..<3).map { _ in dropout(Variable(.ones([64])), rate: 0.5).tensor }
      }
    }
    let first = masks(seed: 1)
    #expect(first[0] != first[1] && first[1] != first[2] && first[0] != first[2])
    #expect(masks(seed: 1) == first)
    #expect(masks(seed: 2)[0] != first[0])
  }

  @Test("Checkpointed blocks redraw their masks, so gradients have the same bits")
  func checkpointing() {
    let x = Parameter(normal([40], seed: 1))
    let w = Parameter(normal([40], seed: 2))
    func block(_ y: Variable) -> Variable {
      dropout(tanh(dropout(y, rate: 0.3) * Variable(w)), rate: 0.2)
    }
    func plain() -> Variable { dropout(block(block(Variable(x))), rate: 0.5) }
    func single() -> Variable {
      let y = checkpointed { block(Variable(x)) }
      return dropout(checkpointed { block(y) }, rate: 0.5)
    }
    func nested() -> Variable {
      dropout(
        checkpointed {
          let y = checkpointed { block(Variable(x)) }
          return checkpointed { block(y) }
        }, rate: 0.5)
    }
    func run(_ body: () -> Variable) -> [Tensor<Float>?] {
      // The backward pass runs outside of training mode.
      let loss = withTrainingMode(random: RandomSource(seed: 5)) { body().sum() }
      let (value, gradients) = valueAndGradients(of: loss)
      return [Tensor(Float(value)), gradients[x], gradients[w]]
    }
    let expected = run(plain)
    #expect(run(single) == expected)
    #expect(run(nested) == expected)
    #expect(expected[1]?.scalars.contains(0) == true)
  }

  @Test("Two tasks draw from their own sources")
  func tasks() async {
    func draw(_ seed: UInt64) async -> [Tensor<Float>] {
      withTrainingMode(random: RandomSource(seed: seed)) {
        (0..<20).map { _ in dropout(Variable(.ones([64])), rate: 0.5).tensor }
      }
    }
    let (a, b) = (await draw(1), await draw(2))
    async let again = draw(1)
    async let other = draw(2)
    #expect(await again == a)
    #expect(await other == b)
  }

  @Test("A rate of 1 traps")
  func traps() async {
    await #expect(processExitsWith: .failure) {
      _ = dropout(Variable(.ones([3])), rate: 1, random: RandomSource(seed: 1))
    }
  }
}
