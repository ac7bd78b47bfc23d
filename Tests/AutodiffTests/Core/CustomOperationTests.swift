import Autodiff
import Tensors
import Testing

/// The example of the documentation.
private struct Cube: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0])
    return inputs[0] * inputs[0] * inputs[0]
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let x = context.saved[0]
    return [gradient * x * x * 3]
  }
}

/// `Cube` with a missing factor.
private struct WrongCube: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0])
    return inputs[0] * inputs[0] * inputs[0]
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let x = context.saved[0]
    return [gradient * x * x * S(2.99)]
  }
}

/// x Wᵀ with a W that is private to the operation.
private struct FrozenProduct: CustomOperation {
  let weight: Tensor<Double>

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    if context.needsFactors { context.save(inputs[0]) }
    return matmul(inputs[0], weight.converted(to: S.self).transposed())
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    if context.needsFactors { context.factors = (context.saved[0], gradient) }
    return [context.needsGradient[0] ? matmul(gradient, weight.converted(to: S.self)) : nil]
  }
}

@Suite struct CustomOperationTests {
  @Test("The documented example has the gradient of central differences")
  func example() { expectGradients([[2, 3]]) { Cube()($0[0]) } }

  @Test("The gradient check finds a wrong factor")
  func wrong() {
    let x = Parameter(normal([5], seed: 1), name: "x")
    let report = checkGradients(of: [x]) { WrongCube()(Variable(x)).sum() }
    #expect(!report.passed)
    #expect(report.comparisons == 5)
    #expect(report.worst > 1)
    #expect(report.failures.first?.hasPrefix("x[0]") == true)
    // The parameter is unchanged.
    #expect(x.tensor == normal([5], seed: 1))
    #expect(x.doubleTensor == nil)
  }

  @Test("A gradient check without parameters does not pass")
  func nothingChecked() {
    #expect(!checkGradients(of: []) { Variable(Tensor<Float>(1)) }.passed)
  }

  private let weight = normal([2, 3], seed: 1)
  private var product: FrozenProduct { FrozenProduct(weight: weight.converted(to: Double.self)) }

  @Test("A frozen matrix's gradient arrives as factors, once for all uses, and only on request")
  func factors() throws {
    let matrix = FrozenMatrix(name: "frozen")
    let x = Parameter(normal([4, 3], seed: 2))
    for requested in [false, true] {
      for isCheckpointed in [false, true] {
        matrix.isGradientRequested = requested
        let uses = {
          let y = product(Variable(x), frozen: matrix)
          let z = product(Variable(x) * 2, frozen: matrix)
          return (y + square(z)).sum()
        }
        var found: [FactoredGradient] = []
        try backward(from: isCheckpointed ? checkpointed(uses) : uses()) { event in
          if case .factors(let object, let factors) = event {
            #expect(object === matrix)
            found.append(factors)
          }
        }
        #expect(found.count == (requested ? 1 : 0))
        guard let factors = found.first else { continue }
        #expect(factors.pairs.count == 2)
        // The same computation with a trained matrix.
        let dense = Parameter(weight)
        let y = linear(Variable(x), Variable(dense))
        let z = linear(Variable(x) * 2, Variable(dense))
        let expected = valueAndGradients(of: (y + square(z)).sum()).gradients[dense]!
        let formed = matmul(factors.d.transposed(), factors.x)
        #expect((formed - expected).norm() <= 1e-6 * expected.norm())
      }
    }
  }

  @Test("A frozen matrix gives factors even if no input needs a gradient")
  func factorsOnly() throws {
    let matrix = FrozenMatrix()
    matrix.isGradientRequested = true
    let x = Variable(normal([4, 3], seed: 2))
    var count = 0
    try backward(from: product(x, frozen: matrix).sum()) { event in
      if case .factors(_, let factors) = event {
        count += 1
        #expect(factors.x == x.tensor)
        #expect(factors.d == .ones([4, 2]))
      }
    }
    #expect(count == 1)
  }
}

/// The sum of any number of inputs, which records the gradients wanted.
private struct SumOfMany: CustomOperation {
  final class Log { var needed: [Bool] = [] }
  let log = Log()

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    log.needed = Array(context.needsGradient)
    return inputs.dropFirst().reduce(inputs[0]) { $0 + $1 }
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let g = gradient
    return context.needsGradient.map { $0 ? g : nil }
  }
}

@Suite struct NeededGradientsTests {
  @Test("An operation is told which gradients are wanted, even of a hundred inputs")
  func many() {
    for count in [1, 3, 63, 64, 65, 100] {
      let parameters = (0..<count).map {
        Parameter(normal([2], seed: UInt64($0)), isTrainable: $0 % 3 == 0)
      }
      let operation = SumOfMany()
      let sum = operation.apply(to: parameters.map { Variable($0) }).sum()
      #expect(operation.log.needed.count == count)
      for index in 0..<min(count, 63) { #expect(operation.log.needed[index] == (index % 3 == 0)) }
      let gradients = valueAndGradients(of: sum).gradients
      for (index, parameter) in parameters.enumerated() {
        #expect(gradients[parameter] == (index % 3 == 0 ? .ones([2]) : nil))
      }
    }
  }
}
