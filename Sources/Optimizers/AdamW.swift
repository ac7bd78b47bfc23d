public import Autodiff
public import Quantization
public import Tensors

/// Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), in PyTorch's order of
/// operations; without decay it is Adam (Kingma and Ba, arXiv 1412.6980).
public final class AdamW: Optimizer {
  /// The learning rate at each step.
  public var learningRate: LearningRateSchedule
  /// The decay rates of the first and second moments.
  public let betas: (first: Double, second: Double)
  /// Added to the root of the second moment.
  public let epsilon: Double
  /// The decoupled weight decay, relative to the learning rate.
  public let weightDecay: Double

  private struct State {
    var step = 0
    var first: Tensor<Float>
    var second: Tensor<Float>
  }
  private var states = ParameterTable<State>()

  /// A new optimizer. The defaults are those of the Adam paper.
  public init(
    learningRate: LearningRateSchedule, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Double = 1e-8, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// Updates one parameter.
  public func update(
    _ parameter: Parameter, _ gradient: consuming Tensor<Float>, step: Int, gradientScale: Float = 1
  ) {
    // Out of the table, so that the moments are changed in place.
    var state =
      states.remove(parameter)
      ?? TensorMemory.counting(as: .optimizer) {
        State(first: .zeros(parameter.shape), second: .zeros(parameter.shape))
      }
    state.step += 1
    let adam = numbers(step: step, update: state.step, gradientScale: gradientScale)
    let gradient = gradient
    parameter.change(step: step) {
      adam.update(&$0, gradient, &state.first, &state.second)
    } halves: {
      adam.update(&$0, gradient, &state.first, &state.second, rounding: &$1)
    }
    states[parameter] = state
  }

  /// The constants of a parameter's `update`-th update, counted from 1, at a step of the run.
  func numbers(step: Int, update: Int, gradientScale: Float) -> AdamWStep {
    AdamWStep(
      learningRate: learningRate(step), beta1: betas.first, beta2: betas.second, epsilon: epsilon,
      weightDecay: weightDecay, step: update, gradientScale: Double(gradientScale))
  }

  /// Keeps, resets, projects or prunes the moments.
  public func reparameterize(_ parameter: Parameter, by change: BasisChange) {
    switch change {
    case .keep: break
    case .reset: reset(parameter)
    case .project, .prune:
      guard var state = states.remove(parameter) else { return }
      state.second = change.applied(to: state.second, order: 2, first: state.first)
      state.first = change.applied(to: state.first, order: 1, first: state.first)
      for moments in [state.first, state.second] { moments.count(as: .optimizer) }
      states[parameter] = state
    }
  }

  /// Discards a parameter's moments and step count.
  public func reset(_ parameter: Parameter) { states[parameter] = nil }

  /// Bytes of all moments.
  public var stateByteCount: Int {
    states.values.reduce(0) { $0 + $1.first.byteCount + $1.second.byteCount }
  }

  /// `step`, `first` and `second`; empty if there is no state.
  public func state(of parameter: Parameter) -> TensorParts {
    guard let state = states[parameter] else { return TensorParts() }
    return TensorParts(
      floats: ["step": Tensor(Float(state.step)), "first": state.first, "second": state.second])
  }

  /// Restores `step`, `first` and `second`; an empty state resets the parameter. Throws if they do not
  /// fit.
  public func restore(_ state: TensorParts, of parameter: Parameter)
    throws(OptimizerError)
  {
    if state.isEmpty { return reset(parameter) }
    guard let step = state.floats["step"], let first = state.floats["first"],
      let second = state.floats["second"],
      step.elementCount == 1, let count = Int(exactly: step.scalar), count >= 0,
      first.shape == parameter.shape, second.shape == parameter.shape
    else {
      throw OptimizerError(
        "AdamW state of \(parameter.name): expected a count step, and first and second of "
          + "shape \(parameter.shape); found \(state.shapes)")
    }
    for moments in [first, second] { moments.count(as: .optimizer) }
    states[parameter] = State(
      step: count, first: first, second: second)
  }
}

extension Parameter {
  /// Changes the value in its storage precision: floats, or halves that are rounded stochastically.
  func change(
    step: Int, _ floats: (inout Tensor<Float>) -> Void,
    halves: (inout Tensor<BFloat16>, inout RandomSource) -> Void
  ) {
    guard halfTensor != nil else { return floats(&tensor) }
    var source = rounding(step: step)
    halves(&halfTensor!, &source)
  }
}
