import Autodiff
import Tensors
import Testing

@Suite struct RecipeTests {
  private static let rows = 64
  private static let width = 128

  /// A feed-forward block, which keeps three of its five activations.
  private static func loss(_ x: Variable, _ weights: [Parameter]) -> Variable {
    let normed = rmsNorm(x, weight: Variable(weights[0]), epsilon: 1e-6)
    let gate = linear(normed, Variable(weights[1]))
    let up = linear(normed, Variable(weights[2]))
    return linear(swiglu(gate, up), Variable(weights[3])).sum()
  }

  private static func weights() -> [Parameter] {
    [Parameter(normal([width], seed: 1))]
      + (2..<5).map { Parameter(normal([width, width], seed: $0)) }
  }

  @Test("Values that are cheap to recompute are not kept")
  func memory() async {
    await #expect(processExitsWith: .success) {
      let weights = RecipeTests.weights()
      let x = Parameter(normal([RecipeTests.rows, RecipeTests.width], seed: 9))
      let start = TensorMemory.liveBytes
      let loss = RecipeTests.loss(Variable(x), weights)
      let activation = RecipeTests.rows * RecipeTests.width * 4
      // gate and up, one number per row, the loss; neither the norm's output nor swiglu's.
      #expect(TensorMemory.liveBytes - start < 2 * activation + activation / 4)
      withExtendedLifetime(loss) {}
    }
  }

  @Test("The gradients have the same bits as with everything kept")
  func sameBits() {
    let weights = Self.weights()
    let x = Parameter(normal([Self.rows, Self.width], seed: 9))
    let found = valueAndGradients(of: Self.loss(Variable(x), weights)).gradients
    // A product with ones between an operation and its consumer has the same bits and no recipe.
    let one = Variable(Tensor<Float>(1))
    let normed = rmsNorm(Variable(x), weight: Variable(weights[0]), epsilon: 1e-6) * one
    let gate = linear(normed, Variable(weights[1]))
    let up = linear(normed, Variable(weights[2]))
    let kept = linear(swiglu(gate, up) * one, Variable(weights[3])).sum()
    let expected = valueAndGradients(of: kept).gradients
    for parameter in weights + [x] { #expect(found[parameter] == expected[parameter]) }
  }

  /// Twice x; counts how often its output is recomputed.
  private struct Doubled: CustomOperation {
    final class Counter { var count = 0 }
    let counter: Counter

    func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
      -> Tensor<S>
    {
      context.save(inputs[0])
      context.recomputesOutput { [counter] saved in
        counter.count += 1
        return saved[0] * 2
      }
      return inputs[0] * 2
    }
    func backward<S: RealScalar>(
      _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
    ) -> [Tensor<S>?] { [gradient * 2] }
  }

  @Test("A value is recomputed once for several users, and for one that uses it twice")
  func sharing() {
    let counter = Doubled.Counter()
    let x = Parameter(normal([5], seed: 1))
    let y = Doubled(counter: counter)(Variable(x))
    let loss = (y * y + square(y) * 3).sum()
    #expect(counter.count == 0)
    let gradient = valueAndGradients(of: loss).gradients[x]!
    #expect(counter.count == 1)
    #expect((gradient - x.tensor * 32).norm() <= 1e-6 * gradient.norm())
    // y is not kept here.
    _ = valueAndGradients(of: (Doubled(counter: counter)(Variable(x)) + y.detached()).sum())
    #expect(counter.count == 1)
  }

  @Test("A user without effect on the loss causes no recomputation")
  func deadUser() {
    let counter = Doubled.Counter()
    let x = Parameter(normal([5], seed: 1))
    let y = Doubled(counter: counter)(Variable(x))
    let dead = square(y)
    let gradient = valueAndGradients(of: square(y).sum()).gradients[x]!
    #expect(counter.count == 1)
    #expect((gradient - x.tensor * 8).norm() <= 1e-6 * gradient.norm())
    #expect(dead.needsGradient)
  }
}
