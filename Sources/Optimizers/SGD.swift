public import Autodiff
public import Quantization
public import Tensors

/// Stochastic gradient descent with momentum and decoupled weight decay: v = mu v + g, p = p - rate v.
public final class SGD: Optimizer {
  /// The learning rate at each step.
  public var learningRate: LearningRateSchedule
  /// The momentum mu; with 0 there is no state.
  public let momentum: Double
  /// The decoupled weight decay, relative to the learning rate.
  public let weightDecay: Double

  private var velocities = ParameterTable<Tensor<Float>>()

  /// A new optimizer.
  public init(
    learningRate: LearningRateSchedule, momentum: Double = 0.9, weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
  }

  /// Updates one parameter.
  public func update(
    _ parameter: Parameter, _ gradient: consuming Tensor<Float>, step: Int, gradientScale: Float = 1
  ) {
    let rate = learningRate(step)
    let gradient = gradient
    func move(by factor: Float, _ direction: Tensor<Float>) {
      parameter.update(step: step) {
        if weightDecay != 0 { $0 *= Float(1 - rate * weightDecay) }
        $0.scaleAdd(adding: factor, times: direction)
      }
    }
    guard momentum != 0 else { return move(by: Float(-rate) * gradientScale, gradient) }
    // Out of the table, so that the velocity is changed in place.
    var velocity =
      velocities.remove(parameter)
      ?? TensorMemory.counting(as: .optimizer) { .zeros(parameter.shape) }
    velocity.scaleAdd(Float(momentum), adding: gradientScale, times: gradient)
    move(by: Float(-rate), velocity)
    velocities[parameter] = velocity
  }

  /// Keeps, resets, projects or prunes the velocity.
  public func reparameterize(_ parameter: Parameter, by change: BasisChange) {
    switch change {
    case .keep: break
    case .reset: reset(parameter)
    case .project, .prune:
      guard let velocity = velocities.remove(parameter) else { return }
      velocities[parameter] = change.applied(to: velocity, order: 1, first: velocity)
    }
  }

  /// Discards a parameter's velocity.
  public func reset(_ parameter: Parameter) { velocities[parameter] = nil }

  /// Bytes of all velocities.
  public var stateByteCount: Int { velocities.values.reduce(0) { $0 + $1.byteCount } }

  /// `velocity`; empty if there is no state.
  public func state(of parameter: Parameter) -> TensorParts {
    TensorParts(floats: velocities[parameter].map { ["velocity": $0] } ?? [:])
  }

  /// Restores `velocity`; an empty state resets the parameter. Throws if it does not fit.
  public func restore(_ state: TensorParts, of parameter: Parameter)
    throws(OptimizerError)
  {
    if state.isEmpty { return reset(parameter) }
    guard let velocity = state.floats["velocity"], velocity.shape == parameter.shape else {
      throw OptimizerError(
        "SGD state of \(parameter.name): expected velocity of shape \(parameter.shape); found "
          + "\(state.shapes)")
    }
    velocities[parameter] = velocity
  }
}
