import Tensors

extension Variable {
  /// Elementwise sum with broadcasting.
  public static func + (a: Variable, b: Variable) -> Variable { Sum()(a, b) }
  /// Elementwise difference with broadcasting.
  public static func - (a: Variable, b: Variable) -> Variable { Difference()(a, b) }
  /// Elementwise product with broadcasting.
  public static func * (a: Variable, b: Variable) -> Variable { Product()(a, b) }
  /// Elementwise quotient with broadcasting.
  public static func / (a: Variable, b: Variable) -> Variable { Quotient()(a, b) }
  /// Every element times a constant.
  public static func * (a: Variable, b: Double) -> Variable { Scaled(factor: b, offset: 0)(a) }
  /// Every element times a constant.
  public static func * (a: Double, b: Variable) -> Variable { b * a }
  /// Every element divided by a constant.
  public static func / (a: Variable, b: Double) -> Variable { a * (1 / b) }
  /// Every element plus a constant.
  public static func + (a: Variable, b: Double) -> Variable { Scaled(factor: 1, offset: b)(a) }
  /// Every element minus a constant.
  public static func - (a: Variable, b: Double) -> Variable { a + -b }
  /// Every element negated.
  public static prefix func - (a: Variable) -> Variable { a * -1 }
}

private struct Sum: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.savedShapes = [inputs[0].shape, inputs[1].shape]
    return inputs[0] + inputs[1]
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let g = gradient
    return [
      context.needsGradient[0] ? g.summed(to: context.savedShapes[0]) : nil,
      context.needsGradient[1] ? g.summed(to: context.savedShapes[1]) : nil,
    ]
  }
}

private struct Difference: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.savedShapes = [inputs[0].shape, inputs[1].shape]
    return inputs[0] - inputs[1]
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let g = gradient
    return [
      context.needsGradient[0] ? g.summed(to: context.savedShapes[0]) : nil,
      context.needsGradient[1] ? (-g).summed(to: context.savedShapes[1]) : nil,
    ]
  }
}

private struct Product: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0], inputs[1])
    return inputs[0] * inputs[1]
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let g = gradient
    let (a, b) = (context.saved[0], context.saved[1])
    return [
      context.needsGradient[0] ? (g * b).summed(to: a.shape) : nil,
      context.needsGradient[1] ? (g * a).summed(to: b.shape) : nil,
    ]
  }
}

private struct Quotient: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0], inputs[1])
    return inputs[0] / inputs[1]
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let g = gradient
    let (a, b) = (context.saved[0], context.saved[1])
    return [
      context.needsGradient[0] ? (g / b).summed(to: a.shape) : nil,
      context.needsGradient[1] ? (-(g * a / (b * b))).summed(to: b.shape) : nil,
    ]
  }
}

private struct Scaled: CustomOperation {
  let factor: Double
  let offset: Double

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let scaled = factor == 1 ? inputs[0] : inputs[0] * S(factor)
    return offset == 0 ? scaled : scaled + S(offset)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    [factor == 1 ? gradient : gradient * S(factor)]
  }
}
