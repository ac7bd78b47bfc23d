import Autodiff
import Optimizers
import Stepping
import Tensors

/// The form in which a layer's gradient is known at its merge.
enum ProjectionGradient {
  case factors(FactoredGradient)
  case dense(Tensor<Float>)
  /// Y, a random sketch of the range of P, `[in or out, r + 8]` by side.
  case sketch(Tensor<Float>)

  func projection(
    _ projector: GradientProjector, rule: RankRule, side: ProjectionSide, random: RandomSource
  ) throws(LinearAlgebraError) -> GradientProjector.Projection {
    switch self {
    case .factors(let factors):
      try projector.projection(of: factors, rule: rule, side: side, random: random)
    case .dense(let gradient):
      try projector.projection(of: gradient, rule: rule, side: side, random: random)
    case .sketch(let y):
      // The left singular vectors of Y, whatever the side.
      try projector.projection(of: y, rule: rule, side: .right, random: random)
    }
  }
}

/// Sums a layer's gradient over the micro-batches of a merge step.
struct GradientWindow {
  private let rule: ProjectionWindow
  private let side: ProjectionSide
  private let columns: Int
  private let random: RandomSource
  private var sum: Tensor<Float>?

  init(rule: ProjectionWindow, side: ProjectionSide, rank: Int, random: RandomSource) {
    self.rule = rule
    self.side = side
    columns = rank + 8
    self.random = random
  }

  /// Adds the gradient of a micro-batch before the last. Not called with the rule `last`, which only
  /// requests the last gradient.
  mutating func add(_ factors: FactoredGradient) {
    let share = share(of: factors)
    if sum == nil { sum = share } else { sum! += share }
  }

  /// The gradient of the window, including its last micro-batch.
  consuming func finish(_ factors: FactoredGradient) -> ProjectionGradient {
    guard var total = sum.take() else { return .factors(factors) }
    total += share(of: factors)
    return rule == .exact ? .dense(total) : .sketch(total)
  }

  private func share(of factors: FactoredGradient) -> Tensor<Float> {
    let (x, d) = (factors.x, factors.d)
    if rule == .exact { return matmul(d.transposed(), x) }
    // The sketch is linear in G and uses the same random matrix each time, so the sum of sketches is the
    // sketch of the sum.
    var source = random
    if side == .left {
      let omega = Tensor<Float>.normal([d.shape[1], columns], using: &source)
      return matmul(x.transposed(), matmul(d, omega))
    }
    let omega = Tensor<Float>.normal([x.shape[1], columns], using: &source)
    return matmul(d.transposed(), matmul(x, omega))
  }
}
