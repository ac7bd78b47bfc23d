public import Autodiff
public import Quantization
public import Tensors

/// Several optimizers as one: each trains its own group of parameters, and one the rest.
public final class GroupedOptimizer: Optimizer {
  /// Trains what belongs to no group.
  public let rest: any Optimizer
  private let optimizers: [any Optimizer]
  private var groupOf = ParameterTable<Int>()

  /// The learning rate of the rest as a multiple of the groups'.
  public let restFactor: Double

  /// An optimizer of groups; a parameter in two of them belongs to the first. The learning rate is
  /// one for all, that of `rest`, but the rest moves by `restFactor` times it.
  public init(
    _ groups: [(optimizer: any Optimizer, parameters: [Parameter])], rest: any Optimizer,
    restFactor: Double = 1
  ) {
    self.rest = rest
    self.restFactor = restFactor
    optimizers = groups.map(\.optimizer)
    for (index, group) in groups.enumerated() {
      for parameter in group.parameters where groupOf[parameter] == nil {
        groupOf[parameter] = index
      }
    }
    learningRate = rest.learningRate
    distribute()
  }

  private func optimizer(of parameter: Parameter) -> any Optimizer {
    groupOf[parameter].map { optimizers[$0] } ?? rest
  }

  /// The learning rate at each step, of all groups.
  public var learningRate: LearningRateSchedule {
    didSet { distribute() }
  }

  private func distribute() {
    for optimizer in optimizers { optimizer.learningRate = learningRate }
    rest.learningRate = learningRate
    rest.learningRate.peak *= restFactor
  }

  /// One step of the parameter's own optimizer.
  public func update(
    _ parameter: Parameter, _ gradient: consuming Tensor<Float>, step: Int, gradientScale: Float = 1
  ) {
    optimizer(of: parameter).update(
      parameter, gradient, step: step, gradientScale: gradientScale)
  }

  /// As the parameter's own optimizer does.
  public func reparameterize(_ parameter: Parameter, by change: BasisChange) {
    optimizer(of: parameter).reparameterize(parameter, by: change)
  }

  /// As the parameter's own optimizer does.
  public func reset(_ parameter: Parameter) { optimizer(of: parameter).reset(parameter) }

  /// Bytes remembered by all.
  public var stateByteCount: Int {
    (optimizers + [rest]).reduce(0) { $0 + $1.stateByteCount }
  }

  /// That of the parameter's own optimizer.
  public func state(of parameter: Parameter) -> TensorParts {
    optimizer(of: parameter).state(of: parameter)
  }

  /// As the parameter's own optimizer does.
  public func restore(_ state: TensorParts, of parameter: Parameter)
    throws(OptimizerError)
  { try optimizer(of: parameter).restore(state, of: parameter) }
}
