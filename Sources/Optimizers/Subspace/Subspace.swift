import Autodiff
import Quantization
import Tensors

/// The state of one matrix: its projection, and the progress of its refresh interval.
struct Subspace {
  let side: ProjectionSide
  private let shape: Shape
  /// P `[in, r]` or `[out, r]` by side; nil before the first gradient, and if P is drawn on demand.
  var basis: StoredMatrix? {
    didSet { basis?.count(as: .projections) }
  }
  /// The parameter of the inner optimizer, which has storage only within an update.
  let step = Parameter(.empty)
  var updates = 0
  var refreshes = 0
  /// The update at which P is renewed; nil for never again.
  private var nextRefresh: Int? = 0
  /// The interval of lazy refreshes.
  private var gap = 0
  /// The mean share of the gradient's energy that P captures, over about the last ten updates.
  private var capture: Float = 1
  /// The last norm of the part whose growth is limited; 0 before the first update.
  private var limitedNorm: Float = 0

  /// The state before the first gradient. Traps if the shape is not that of a matrix.
  init(shape: Shape, _ rule: RankRule, _ sides: SideRule, _ name: String) {
    precondition(shape.rank == 2, "SubspaceOptimizer: \(name) \(shape) is not a matrix")
    self.shape = shape
    side = sides.side(out: shape[0], in: shape[1])
    step.memoryKind = .scratch
    setRank(rule.largest(out: shape[0], in: shape[1]))
  }

  /// The length of the vectors of P.
  var projectedSize: Int { side.length(out: shape[0], in: shape[1]) }
  var rank: Int { step.shape[side == .left ? 1 : 0] }

  mutating func setRank(_ rank: Int) {
    let needed: Shape = side == .left ? [shape[0], rank] : [rank, shape[1]]
    if step.shape != needed { step.tensor = Tensor(0).broadcast(to: needed) }
  }

  /// The step that `update` takes from zeros of the shape of R.
  func stepTaken(by update: (Parameter) -> Void) -> Tensor<Float> {
    let shape = step.shape
    step.tensor = .zeros(shape)
    update(step)
    defer { step.tensor = Tensor(0).broadcast(to: shape) }
    return step.tensor
  }

  var isRefreshDue: Bool { nextRefresh.map { updates >= $0 } ?? false }

  /// Sets when the next refresh is due, after one at update `updates`.
  mutating func noteRefresh(overlap: Double?, _ rule: SubspaceConfiguration.Refresh) {
    switch rule {
    case .scheduled(let schedule):
      nextRefresh = schedule.gap(after: refreshes).map { updates + $0 }
    case .lazy(let every, let threshold):
      gap = gap == 0 ? every : (overlap ?? 0) >= threshold ? min(2 * gap, 1 << 24) : gap
      nextRefresh = updates + gap
    case .converged(_, let limit):
      nextRefresh = updates + limit
      capture = 1
    }
    refreshes += 1
  }

  /// Records how much of a gradient the subspace captures, and requests a refresh when it is too little.
  mutating func noteCapture(
    _ r: Tensor<Float>, of g: Tensor<Float>, _ rule: SubspaceConfiguration.Refresh
  ) {
    guard case .converged(let share, _) = rule else { return }
    let whole = g.sumOfSquares()
    guard whole > 0 else { return }
    capture = 0.9 * capture + 0.1 * Float(r.sumOfSquares() / whole)
    if capture < Float(share) { nextRefresh = updates }
  }

  /// The projected gradient R.
  func projected(_ g: Tensor<Float>, _ basis: Tensor<Float>) -> Tensor<Float> {
    side == .left ? matmul(g, basis) : matmul(basis.transposed(), g)
  }

  /// `target += scale P r`.
  func addBack(
    _ r: Tensor<Float>, _ basis: Tensor<Float>, scale: Float, to target: inout Tensor<Float>
  ) {
    if side == .left {
      target.addProduct(r, basis.transposed(), scale: scale)
    } else {
      target.addProduct(basis, r, scale: scale)
    }
  }

  /// ‖moved‖ / ‖r‖ of each row (column) along the side without P or of the whole matrix; 0 where r is 0.
  func scales(
    _ moved: Tensor<Float>, _ r: Tensor<Float>, per granularity: SubspaceConfiguration.Granularity
  ) -> Tensor<Float> {
    let axes = granularity == .tensor ? [0, 1] : [side == .left ? 1 : 0]
    let (up, down) = (moved.norm(alongAxes: axes), r.norm(alongAxes: axes))
    let ratios = zip(up.scalars, down.scalars).map { $1 > 0 ? $0 / $1 : 0 }
    return Tensor(ratios, shape: up.shape)
  }

  /// The factor that limits a step of norm rate x n so that n grows by at most `limit`.
  mutating func limitGrowth(of change: Tensor<Float>, rate: Double, by limit: Float) -> Float {
    guard rate > 0 else { return 1 }
    let norm = Float(change.norm() / rate)
    guard norm > 0, norm.isFinite else { return 1 }
    let shrink = limitedNorm > 0 ? min(1, limit * limitedNorm / norm) : 1
    limitedNorm = norm * shrink
    return shrink
  }
}

extension Subspace {
  /// Adds this state to `state` as named tensors.
  func addState(to state: inout TensorParts) {
    state.floats["progress"] = Tensor<Float>([
      Float(updates), Float(refreshes), Float(nextRefresh ?? -1), Float(gap), capture,
      limitedNorm, Float(rank),
    ])
    guard let parts = basis?.parts else { return }
    for (name, part) in parts.floats { state.floats["basis." + name] = part }
    for (name, part) in parts.bytes { state.bytes["basis." + name] = part }
  }

  /// Restores what `addState` saved; nil if it does not fit.
  init?(
    restoring state: TensorParts, shape: Shape, _ configuration: SubspaceConfiguration,
    _ name: String
  ) {
    self.init(shape: shape, configuration.rank, configuration.side, name)
    guard let progress = state.floats["progress"]?.scalars, progress.count == 7,
      let updates = Int(exactly: progress[0]), let refreshes = Int(exactly: progress[1]),
      let next = Int(exactly: progress[2]), let gap = Int(exactly: progress[3]),
      let rank = Int(exactly: progress[6]), updates >= 0, refreshes >= 0, next >= -1, gap >= 0,
      (1...self.rank).contains(rank)
    else { return nil }
    (self.updates, self.refreshes, self.gap) = (updates, refreshes, gap)
    nextRefresh = next < 0 ? nil : next
    (capture, limitedNorm) = (progress[4], progress[5])
    setRank(rank)
    func basisParts<Part>(_ parts: [String: Part]) -> [String: Part] {
      Dictionary(
        uniqueKeysWithValues: parts.filter { $0.key.hasPrefix("basis.") }
          .map { (String($0.key.dropFirst("basis.".count)), $0.value) })
    }
    let parts = TensorParts(bytes: basisParts(state.bytes), floats: basisParts(state.floats))
    guard !parts.isEmpty else { return }
    guard
      let basis = try? StoredMatrix(
        shape: [projectedSize, rank], format: configuration.projectionFormat, parts: parts)
    else { return nil }
    self.basis = basis
  }
}
