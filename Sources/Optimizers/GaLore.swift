public import Autodiff
public import Tensors

/// Adam in a low-rank subspace of the gradient (GaLore; Zhao et al., arXiv 2403.03507).
///
/// For each of the given matrices W `[out, in]` the gradient G is projected onto its leading singular
/// vectors P on the smaller side, Adam runs on the projection, and W moves by s P times Adam's step. P
/// is taken anew every `gap` updates. All other parameters are trained by Adam itself.
public final class GaLore: Optimizer {
  /// The learning rate at each step, of all parameters.
  public var learningRate: LearningRateSchedule {
    get { inner.learningRate }
    set { inner.learningRate = newValue }
  }
  /// r; a matrix whose smaller side is below it uses that side.
  public let rank: Int
  /// s.
  public let scale: Float
  /// Updates of a matrix between two projections.
  public let gap: Int
  /// How P is found.
  public let projector: GradientProjector

  private let inner: AdamW
  private let random: RandomSource

  private struct Subspace {
    let side: ProjectionSide
    /// P with orthonormal columns; nil before the first gradient.
    var basis: Tensor<Float>?
    var updates = 0
    /// What Adam moves: always zero before an update, so that it holds the step afterwards.
    let step: Parameter
  }
  private var subspaces: [ObjectIdentifier: Subspace] = [:]

  /// An optimizer that projects the gradients of `matrices`.
  ///
  /// - Parameters:
  ///   - inner: Adam for the projected gradients and for all other parameters.
  ///   - matrices: The parameters `[out, in]` to project. Traps when one is not a matrix.
  public init(
    inner: AdamW, rank: Int, scale: Float = 0.25, every gap: Int = 200, matrices: [Parameter],
    projector: GradientProjector = GradientProjector(), random: RandomSource = RandomSource(seed: 0)
  ) {
    precondition(rank >= 1 && gap >= 1, "GaLore: rank \(rank) and gap \(gap) must be positive")
    self.inner = inner
    self.rank = rank
    self.scale = scale
    self.gap = gap
    self.projector = projector
    self.random = random
    for matrix in matrices {
      precondition(matrix.shape.rank == 2, "GaLore: \(matrix.name) \(matrix.shape) is not a matrix")
      let (out, input) = (matrix.shape[0], matrix.shape[1])
      let r = min(rank, out, input)
      let side = ProjectionSide(out: out, in: input)
      subspaces[ObjectIdentifier(matrix)] = Subspace(
        side: side, step: Parameter(.zeros(side == .left ? [out, r] : [r, input])))
    }
  }

  /// One step on one parameter; weight decay comes first, as in AdamW. A matrix whose gradient is zero
  /// when a projection is due keeps the one it has; without any it does not move.
  public func update(
    _ parameter: Parameter, _ gradient: consuming Tensor<Float>, step: Int, gradientScale: Float = 1
  ) {
    let key = ObjectIdentifier(parameter)
    guard var subspace = subspaces[key] else {
      inner.update(parameter, gradient, step: step, gradientScale: gradientScale)
      return
    }
    let g = gradient
    if subspace.updates % gap == 0 || subspace.basis == nil {
      let r = subspace.side == .left ? subspace.step.shape[1] : subspace.step.shape[0]
      let source = random.split(parameter.name).split(UInt64(subspace.updates))
      if let found = try? projector.projection(
        of: g, rank: r, side: subspace.side, random: source)
      {
        subspace.basis = found.basis
      }
    }
    subspace.updates += 1
    subspaces[key] = subspace
    guard let basis = subspace.basis else { return }
    let projected =
      subspace.side == .left ? matmul(g, basis) : matmul(basis.transposed(), g)
    subspace.step.name = parameter.name
    subspace.step.tensor = .zeros(subspace.step.shape)
    inner.update(subspace.step, projected, step: step, gradientScale: gradientScale)
    if inner.weightDecay != 0 {
      parameter.tensor *= 1 - Float(inner.learningRate(step) * inner.weightDecay)
    }
    if subspace.side == .left {
      parameter.tensor.addProduct(subspace.step.tensor, basis.transposed(), scale: scale)
    } else {
      parameter.tensor.addProduct(basis, subspace.step.tensor, scale: scale)
    }
  }

  /// The side a parameter is projected on, nil for one trained in full.
  public func side(of parameter: Parameter) -> ProjectionSide? {
    subspaces[ObjectIdentifier(parameter)]?.side
  }

  /// P of a parameter with orthonormal columns, nil before its first gradient.
  public func basis(of parameter: Parameter) -> Tensor<Float>? {
    subspaces[ObjectIdentifier(parameter)]?.basis
  }

  /// Bytes of all projections.
  public var projectionByteCount: Int {
    subspaces.values.reduce(0) { $0 + ($1.basis?.byteCount ?? 0) }
  }

  /// Bytes of all moments.
  public var stateByteCount: Int { inner.stateByteCount }

  /// Changes Adam's moments, for a projected matrix those of its projection.
  public func reparameterize(_ parameter: Parameter, by change: BasisChange) {
    inner.reparameterize(subspaces[ObjectIdentifier(parameter)]?.step ?? parameter, by: change)
  }

  /// Forgets a parameter's moments and its projection.
  public func reset(_ parameter: Parameter) {
    let key = ObjectIdentifier(parameter)
    guard var subspace = subspaces[key] else { return inner.reset(parameter) }
    inner.reset(subspace.step)
    subspace.basis = nil
    subspace.updates = 0
    subspaces[key] = subspace
  }

  /// Adam's state, with `basis` and `updates` for a projected matrix.
  public func state(of parameter: Parameter) -> [String: Tensor<Float>] {
    guard let subspace = subspaces[ObjectIdentifier(parameter)] else {
      return inner.state(of: parameter)
    }
    var state = inner.state(of: subspace.step)
    state["updates"] = Tensor(Float(subspace.updates))
    if let basis = subspace.basis { state["basis"] = basis }
    return state
  }

  /// Takes over what `state(of:)` gave. Throws when it does not fit.
  public func restore(_ state: [String: Tensor<Float>], of parameter: Parameter)
    throws(OptimizerError)
  {
    let key = ObjectIdentifier(parameter)
    guard var subspace = subspaces[key] else { return try inner.restore(state, of: parameter) }
    let r = subspace.side == .left ? subspace.step.shape[1] : subspace.step.shape[0]
    let size = parameter.shape[subspace.side == .left ? 1 : 0]
    guard let updates = state["updates"], updates.elementCount == 1,
      let count = Int(exactly: updates.scalar), count >= 0,
      state["basis"].map({ $0.shape == [size, r] }) ?? true
    else {
      throw OptimizerError(
        "GaLore state of \(parameter.name): expected a count updates and a basis "
          + "[\(size), \(r)]; found \(state.mapValues(\.shape))")
    }
    try inner.restore(
      state.filter { $0.key != "basis" && $0.key != "updates" }, of: subspace.step)
    subspace.updates = count
    subspace.basis = state["basis"]
    subspaces[key] = subspace
  }
}
