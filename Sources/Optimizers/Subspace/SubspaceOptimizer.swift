public import Autodiff
public import Quantization
public import Tensors

/// Trains matrices in a subspace of their gradients, and all other parameters with an ordinary
/// optimizer. GaLore, Fira, APOLLO and AdaRankGrad are configurations of it.
public final class SubspaceOptimizer: Optimizer {
  /// The learning rate at each step, of all parameters.
  public var learningRate: LearningRateSchedule {
    get { inner.learningRate }
    set { inner.learningRate = newValue }
  }
  /// How the matrices are updated.
  public let configuration: SubspaceConfiguration

  let inner: any Optimizer
  private let random: RandomSource
  private var matrices = ParameterTable<Void>()
  private var subspaces = ParameterTable<Subspace>()

  /// An optimizer that has seen no gradient.
  ///
  /// - Parameters:
  ///   - inner: The optimizer of the projected gradients and of all other parameters. Its weight decay
  ///     acts on the matrices themselves.
  ///   - configuration: How projections are found and renewed.
  ///   - matrices: The parameters `[out, in]` to project.
  ///   - random: The source of random numbers for P, split by the name of each matrix.
  public init(
    inner: any Optimizer, configuration: SubspaceConfiguration, matrices: [Parameter],
    random: RandomSource = RandomSource(seed: 0)
  ) {
    self.inner = inner
    self.configuration = configuration
    self.random = random
    for matrix in matrices { self.matrices[matrix] = () }
  }

  private func isProjected(_ parameter: Parameter) -> Bool {
    matrices[parameter] != nil
  }

  private func subspace(of parameter: Parameter) -> Subspace {
    subspaces[parameter]
      ?? Subspace(
        shape: parameter.shape, configuration.rank, configuration.side, parameter.name)
  }

  /// Updates one parameter; weight decay comes first, as in AdamW. A matrix whose gradient is zero when a
  /// new projection is due keeps its present one, or is not updated if it has none. Traps if one of the
  /// `matrices` is not a matrix.
  public func update(
    _ parameter: Parameter, _ gradient: consuming Tensor<Float>, step: Int, gradientScale: Float = 1
  ) {
    guard isProjected(parameter) else {
      inner.update(parameter, gradient, step: step, gradientScale: gradientScale)
      return
    }
    var subspace = subspace(of: parameter)
    let g = gradientScale == 1 ? gradient : gradient * gradientScale
    let source = random.split(parameter.name)
    if subspace.isRefreshDue { refresh(&subspace, g, source) }
    subspace.updates += 1
    defer { subspaces[parameter] = subspace }
    guard let basis = basis(of: subspace, source) else { return }
    let kept = 1 - Float(learningRate(step) * inner.weightDecay)
    let r = subspace.projected(g, basis)
    subspace.noteCapture(r, of: g, configuration.refresh)
    // -rate N.
    subspace.step.name = parameter.name
    let moved = subspace.stepTaken { inner.update($0, r, step: step, gradientScale: 1) }
    switch configuration.rule {
    case .within:
      parameter.update(step: step) {
        if kept != 1 { $0 *= kept }
        subspace.addBack(moved, basis, scale: configuration.scale, to: &$0)
      }
    case .withResidual(_, let limit):
      var residual = g.contiguous().copied()
      subspace.addBack(r, basis, scale: -1, to: &residual)
      residual *= subspace.scales(moved, r, per: .channel)
      let shrink = subspace.limitGrowth(of: residual, rate: learningRate(step), by: limit)
      parameter.update(step: step) {
        if kept != 1 { $0 *= kept }
        subspace.addBack(moved, basis, scale: configuration.scale, to: &$0)
        $0.scaleAdd(adding: -configuration.scale * shrink, times: residual)
      }
    case .scaledGradient(let granularity, let limit):
      let scaled = g * subspace.scales(moved, r, per: granularity)
      let shrink = subspace.limitGrowth(of: scaled, rate: learningRate(step), by: limit)
      parameter.update(step: step) {
        if kept != 1 { $0 *= kept }
        $0.scaleAdd(adding: -configuration.scale * shrink, times: scaled)
      }
    }
  }

  /// P `[in, r]` or `[out, r]` by side, in single precision.
  private func basis(of subspace: Subspace, _ source: RandomSource) -> Tensor<Float>? {
    guard case .scaledGradient = configuration.rule else { return subspace.basis?.dequantized() }
    return randomBasis(subspace, refresh: subspace.refreshes - 1, source)
  }

  private func randomBasis(_ subspace: Subspace, refresh: Int, _ source: RandomSource)
    -> Tensor<Float>
  {
    var source = source.split(UInt64(refresh))
    return .normal(
      [subspace.projectedSize, subspace.rank],
      standardDeviation: 1 / Float(subspace.rank).squareRoot(), using: &source)
  }

  /// Computes P from the gradient, or draws it, and adapts the inner state.
  private func refresh(_ subspace: inout Subspace, _ g: Tensor<Float>, _ source: RandomSource) {
    let projector: GradientProjector
    switch configuration.rule {
    case .within(let found), .withResidual(let found, _): projector = found
    case .scaledGradient:
      if subspace.refreshes > 0 {
        let old = randomBasis(subspace, refresh: subspace.refreshes - 1, source)
        let new = randomBasis(subspace, refresh: subspace.refreshes, source)
        follow(subspace, matmul(new.transposed(), old))
      }
      return subspace.noteRefresh(overlap: nil, configuration.refresh)
    }
    guard
      let found = try? projector.projection(
        of: g, rule: configuration.rank, side: subspace.side,
        random: source.split(UInt64(subspace.updates)))
    else {
      // The gradient is zero or not finite: try again when the next refresh is due, or at the next update
      // if there is no projection yet.
      if subspace.basis != nil { subspace.noteRefresh(overlap: nil, configuration.refresh) }
      return
    }
    let old = subspace.basis?.dequantized()
    let stored = StoredMatrix(storing: found.basis, as: configuration.projectionFormat)
    subspace.basis = stored
    var share: Double?
    if let old {
      let overlap = matmul(stored.dequantized().transposed(), old)
      share = overlap.sumOfSquares() / Double(max(1, min(overlap.shape[0], overlap.shape[1])))
      follow(subspace, overlap)
    }
    subspace.setRank(found.basis.shape[1])
    subspace.noteRefresh(overlap: share, configuration.refresh)
  }

  private func follow(_ subspace: Subspace, _ overlap: Tensor<Float>) {
    inner.reparameterize(
      subspace.step,
      by: configuration.stateRule.change(
        overlap: overlap, rankAxis: subspace.side == .left ? 1 : 0))
  }

  /// The side of a parameter's projection; nil if it is not projected.
  public func side(of parameter: Parameter) -> ProjectionSide? {
    isProjected(parameter) ? subspace(of: parameter).side : nil
  }

  /// P of a parameter, `[in, r]` or `[out, r]` by side; nil before its first gradient and if P is not
  /// stored.
  public func basis(of parameter: Parameter) -> Tensor<Float>? {
    subspaces[parameter]?.basis?.dequantized()
  }

  /// The present rank r of a parameter; nil before its first gradient.
  public func rank(of parameter: Parameter) -> Int? {
    subspaces[parameter]?.rank
  }

  /// Bytes of all projections.
  public var projectionByteCount: Int {
    subspaces.values.reduce(0) { $0 + ($1.basis?.byteCount ?? 0) }
  }

  /// Bytes of the inner optimizer's state.
  public var stateByteCount: Int { inner.stateByteCount }

  /// Adapts the inner state of a parameter or of its projected gradient.
  public func reparameterize(_ parameter: Parameter, by change: BasisChange) {
    inner.reparameterize(subspaces[parameter]?.step ?? parameter, by: change)
  }

  /// Discards a parameter's inner state and its projection.
  public func reset(_ parameter: Parameter) {
    inner.reset(subspaces.remove(parameter)?.step ?? parameter)
  }

  /// The inner state; for a projected matrix also the `progress` of its interval and the parts of P under
  /// `basis`.
  public func state(of parameter: Parameter) -> TensorParts {
    guard isProjected(parameter) else { return inner.state(of: parameter) }
    guard let subspace = subspaces[parameter] else { return TensorParts() }
    var state = inner.state(of: subspace.step)
    subspace.addState(to: &state)
    return state
  }

  /// Restores a saved state; an empty one resets the parameter. Throws if it does not fit.
  public func restore(_ state: TensorParts, of parameter: Parameter)
    throws(OptimizerError)
  {
    guard isProjected(parameter) else { return try inner.restore(state, of: parameter) }
    if state.isEmpty { return reset(parameter) }
    guard
      let restored = Subspace(
        restoring: state, shape: parameter.shape, configuration, parameter.name)
    else {
      throw OptimizerError(
        "Subspace state of \(parameter.name): expected progress, and a basis that fits "
          + "\(parameter.shape) and the rank; found \(state.shapes)")
    }
    func isInner(_ name: String) -> Bool { name != "progress" && !name.hasPrefix("basis.") }
    try inner.restore(
      TensorParts(
        bytes: state.bytes.filter { isInner($0.key) },
        floats: state.floats.filter { isInner($0.key) }),
      of: restored.step)
    if let old = subspaces[parameter] { inner.reset(old.step) }
    subspaces[parameter] = restored
  }
}
