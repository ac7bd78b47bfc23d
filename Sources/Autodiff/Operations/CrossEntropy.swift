public import Tensors

/// The mean of -log softmax(logits)[label] over the rows whose label is not `ignoredIndex`; 0 when
/// there is none.
///
/// `logits` is `[..., vocabulary]`, `labels` has one a row. Keeps the logits. Traps on a label outside
/// the vocabulary.
public func crossEntropy(_ logits: Variable, labels: Tensor<Int32>, ignoredIndex: Int32 = -100)
  -> Variable
{
  LabelCount.add(labels.count(unlike: ignoredIndex))
  return CrossEntropy(labels: labels, ignored: ignoredIndex)(logits)
}

/// The same for labels of 64 bits.
@_disfavoredOverload
public func crossEntropy(_ logits: Variable, labels: Tensor<Int64>, ignoredIndex: Int32 = -100)
  -> Variable
{
  crossEntropy(logits, labels: labels.narrowed("crossEntropy"), ignoredIndex: ignoredIndex)
}

/// `crossEntropy` of the logits x Wᵀ, which exist for one block of rows at a time only.
///
/// x is `[..., d]`, weight `[vocabulary, d]`, `labels` has one a row of x. When a gradient is wanted
/// each block gives its share at once, so that the gradients of x and of the weight are kept, of their
/// sizes, and nothing else. A weight in 16 bits is never whole in single precision. Traps when the shapes do not fit, and on a label outside the vocabulary.
///
/// With a `cap` c the logits are c tanh(l / c), l = x Wᵀ.
public func linearCrossEntropy(
  _ x: Variable, _ weight: Variable, labels: Tensor<Int32>, ignoredIndex: Int32 = -100,
  cap: Double? = nil
) -> Variable {
  LabelCount.add(labels.count(unlike: ignoredIndex))
  guard case .bfloat16(let rows) = weight.value else {
    return LinearCrossEntropy(labels: labels, ignored: ignoredIndex, cap: cap)(x, weight)
  }
  // The weight is widened by panels of rows; a shape without elements stands for it.
  let standIn = Variable(value: .float(Tensor(0).broadcast(to: weight.shape)), node: weight.node)
  return LinearCrossEntropy(
    labels: labels, ignored: ignoredIndex, cap: cap, half: HalfTable(rows))(x, standIn)
}

/// The same for labels of 64 bits.
@_disfavoredOverload
public func linearCrossEntropy(
  _ x: Variable, _ weight: Variable, labels: Tensor<Int64>, ignoredIndex: Int32 = -100
) -> Variable {
  linearCrossEntropy(
    x, weight, labels: labels.narrowed("linearCrossEntropy"), ignoredIndex: ignoredIndex)
}

extension Tensor<Int32> {
  /// How many labels count.
  func count(unlike ignored: Int32) -> Int {
    withUnsafeBuffer { labels in labels.reduce(0) { $0 + ($1 == ignored ? 0 : 1) } }
  }
}

private struct CrossEntropy: CustomOperation {
  let labels: Tensor<Int32>
  let ignored: Int32

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0])
    return Tensor(crossEntropy(inputs[0], labels: labels, ignoring: ignored))
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    var saved = context.takeSaved()
    return [
      crossEntropyGradient(
        saved.removeLast(), labels: labels, ignoring: ignored, gradient.scalar)
    ]
  }
}

private struct LinearCrossEntropy: CustomOperation {
  let labels: Tensor<Int32>
  let ignored: Int32
  let cap: Double?
  /// The weight where it is stored in 16 bits.
  var half: HalfTable?

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    var wanted: LinearGradients = []
    if context.needsGradient[0] { wanted.insert(.input) }
    if context.needsGradient[1] { wanted.insert(.weight) }
    let weight = half?.take().map { HeadWeight.bfloat16($0) } ?? .same(inputs[1])
    let result = linearCrossEntropy(
      inputs[0], weight: weight, labels: labels, ignoring: ignored, cap: cap, gradients: wanted)
    context.save(result.input ?? .empty, result.weight ?? .empty)
    return Tensor(result.loss)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    var shares = context.takeSaved()
    let scale = gradient.scalar
    if scale != 1 { for index in shares.indices { shares[index] *= scale } }
    return [
      context.needsGradient[0] ? shares[0] : nil, context.needsGradient[1] ? shares[1] : nil,
    ]
  }
}
