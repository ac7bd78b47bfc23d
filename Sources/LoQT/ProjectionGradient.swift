import Autodiff
import Optimizers
import Tensors

/// Which gradient a new projection is taken from when a step accumulates several micro-batches.
public enum ProjectionWindow: String, Sendable, Hashable, Codable, CaseIterable {
  /// The sum over the window, as a dense matrix: exact, 4 bytes an element of W over the window.
  case exact
  /// A random sketch of the sum, r + 8 columns on the side of P. The projection holds nearly all
  /// of the gradient's energy that one of rank r could where the singular values fall as fast as 1 / i,
  /// about three quarters of it where they fall as slowly as 1 / sqrt(i).
  case sketch
  /// The last micro-batch alone.
  case last
}

/// What is known of a layer's gradient at its merge.
enum ProjectionGradient {
  case factors(FactoredGradient)
  case dense(Tensor<Float>)
  /// Y with the columns of a random sketch of the range of P, `[in or out, r + 8]` by side.
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

  /// Adds a micro-batch that is not the last. Not called under the rule `last`, which asks for the
  /// last one's factors only.
  mutating func add(_ factors: FactoredGradient) {
    let share = share(of: factors)
    if sum == nil { sum = share } else { sum! += share }
  }

  /// The gradient of the window, with its last micro-batch.
  consuming func finish(_ factors: FactoredGradient) -> ProjectionGradient {
    guard var total = sum.take() else { return .factors(factors) }
    total += share(of: factors)
    return rule == .exact ? .dense(total) : .sketch(total)
  }

  private func share(of factors: FactoredGradient) -> Tensor<Float> {
    let (x, d) = (factors.x, factors.d)
    if rule == .exact { return matmul(d.transposed(), x) }
    // Linear in G, and with the same random matrix every time, so the sum is the sum's sketch.
    var source = random
    if side == .left {
      let omega = Tensor<Float>.normal([d.shape[1], columns], using: &source)
      return matmul(x.transposed(), matmul(d, omega))
    }
    let omega = Tensor<Float>.normal([x.shape[1], columns], using: &source)
    return matmul(d.transposed(), matmul(x, omega))
  }
}
