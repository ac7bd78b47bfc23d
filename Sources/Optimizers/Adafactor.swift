public import Autodiff
public import Quantization
public import Tensors

/// Adafactor (Shazeer and Stern, arXiv 1804.04235) with an external learning rate: the second moment
/// of a matrix is approximated by a matrix of rank one, held as its row and column means.
///
/// With R and C the decayed means of g² + eps along rows and columns, u = g / sqrt(R C / mean(R)); u is
/// divided by max(1, rms(u) / d); p = p - rate u. The decay of step t is 1 - t^-0.8. Parameters that are
/// not matrices have a full second moment.
public final class Adafactor: Optimizer {
  /// The learning rate at each step.
  public var learningRate: LearningRateSchedule
  /// The decay rate of the first moment of u; 0 for none.
  public let momentum: Double
  /// Added to the squared gradient.
  public let epsilon: Double
  /// The root mean square d that steps are clipped to.
  public let clippingThreshold: Double
  /// The decoupled weight decay, relative to the learning rate.
  public let weightDecay: Double

  private struct State {
    var step = 0
    /// `[rows, 1]` and `[1, columns]`, or one tensor of the parameter's shape.
    var second: [Tensor<Float>]
    var first: Tensor<Float>?
  }
  private var states = ParameterTable<State>()

  /// A new optimizer. The defaults are the paper's, without its first moment.
  public init(
    learningRate: LearningRateSchedule, momentum: Double = 0, epsilon: Double = 1e-30,
    clippingThreshold: Double = 1, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.epsilon = epsilon
    self.clippingThreshold = clippingThreshold
    self.weightDecay = weightDecay
  }

  /// The shapes of the second moment's parts.
  private func secondShapes(_ shape: Shape) -> [Shape] {
    shape.rank == 2 ? [[shape[0], 1], [1, shape[1]]] : [shape]
  }

  /// Updates one parameter.
  public func update(
    _ parameter: Parameter, _ gradient: consuming Tensor<Float>, step: Int, gradientScale: Float = 1
  ) {
    let shape = parameter.shape
    var state =
      states.remove(parameter)
      ?? TensorMemory.counting(as: .optimizer) {
        State(
          second: secondShapes(shape).map { .zeros($0) }, first: momentum == 0 ? nil : .zeros(shape)
        )
      }
    state.step += 1
    var u = gradientScale == 1 ? gradient : gradient * gradientScale
    // 1 - t^-0.8.
    let decay = 1 - ScalarMath.exp(ScalarMath.log(Double(state.step)) * -0.8)
    let squares = square(u) + Float(epsilon)
    for axis in state.second.indices {
      let part = shape.rank == 2 ? squares.mean(alongAxes: [1 - axis]) : squares
      state.second[axis].scaleAdd(Float(decay), adding: Float(1 - decay), times: part)
    }
    if shape.rank == 2 {
      u *= rsqrt(state.second[0] / state.second[0].mean())
      u *= rsqrt(state.second[1])
    } else {
      u *= rsqrt(state.second[0])
    }
    let size = (u.sumOfSquares() / Double(max(1, u.elementCount))).squareRoot()
    let shrink = Float(1 / max(1, size / clippingThreshold))
    let rate = learningRate(step)
    var first = state.first.take()
    first?.scaleAdd(Float(momentum), adding: Float(1 - momentum) * shrink, times: u)
    state.first = first
    parameter.update(step: step) {
      if weightDecay != 0 { $0 *= Float(1 - rate * weightDecay) }
      $0.scaleAdd(adding: Float(-rate) * (first == nil ? shrink : 1), times: first ?? u)
    }
    states[parameter] = state
  }

  /// Keeps, resets, projects or prunes the moments. When projected, the row (or column) means along the
  /// rank's axis follow the squared overlap. Pruning does not affect the means, which belong to no single
  /// element.
  public func reparameterize(_ parameter: Parameter, by change: BasisChange) {
    switch change {
    case .keep: break
    case .reset: reset(parameter)
    case .project, .prune:
      guard var state = states.remove(parameter) else { return }
      state.first = state.first.map { change.applied(to: $0, order: 1, first: $0) }
      if case .project(_, let axis) = change {
        let old = state.second[axis]
        let new = change.applied(to: old, order: 2, first: old)
        state.second[axis] = new
        // The means along the other axis shrink by what the new basis loses.
        if axis == 1, old.mean() > 0 { state.second[0] *= new.mean() / old.mean() }
        if axis == 0, old.mean() > 0 { state.second[1] *= new.mean() / old.mean() }
      }
      states[parameter] = state
    }
  }

  /// Discards a parameter's moments and step count.
  public func reset(_ parameter: Parameter) { states[parameter] = nil }

  /// Bytes of all moments.
  public var stateByteCount: Int {
    states.values.reduce(0) { sum, state in
      sum + state.second.reduce(0) { $0 + $1.byteCount } + (state.first?.byteCount ?? 0)
    }
  }

  /// `step`; `rows` and `columns`, or `second` if not a matrix; `first` with momentum. Empty if there is
  /// no state.
  public func state(of parameter: Parameter) -> TensorParts {
    guard let state = states[parameter] else { return TensorParts() }
    var named = ["step": Tensor(Float(state.step))]
    for (name, part) in zip(partNames(parameter.shape), state.second) { named[name] = part }
    named["first"] = state.first
    return TensorParts(floats: named)
  }

  private func partNames(_ shape: Shape) -> [String] {
    shape.rank == 2 ? ["rows", "columns"] : ["second"]
  }

  /// Restores a saved state; an empty one resets the parameter. Throws if it does not fit.
  public func restore(_ state: TensorParts, of parameter: Parameter)
    throws(OptimizerError)
  {
    if state.isEmpty { return reset(parameter) }
    let names = partNames(parameter.shape)
    let parts = names.compactMap { state.floats[$0] }
    let first = state.floats["first"]
    guard let step = state.floats["step"], step.elementCount == 1,
      let count = Int(exactly: step.scalar),
      count >= 0, parts.map(\.shape) == secondShapes(parameter.shape),
      (first == nil) == (momentum == 0), first.map({ $0.shape == parameter.shape }) ?? true
    else {
      throw OptimizerError(
        "Adafactor state of \(parameter.name): expected a count step, \(names) for shape "
          + "\(parameter.shape)\(momentum == 0 ? "" : " and first of that shape"); found "
          + "\(state.shapes)")
    }
    states[parameter] = State(step: count, second: parts, first: first)
  }
}
