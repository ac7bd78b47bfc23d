import Autodiff
import Quantization
import Tensors

/// Rounds to the levels of each group; the gradient passes through all elements that are not clipped.
struct StraightThrough: CustomOperation {
  enum Levels {
    /// Evenly spaced levels.
    case uniform(levels: Int, AffineScheme.Symmetry)
    case ternary
    case binary
    /// Evenly spaced levels from -1, or from 0, to 1; elements beyond these clip.
    case fractions(levels: Int, isSigned: Bool)
  }

  let levels: Levels
  let grouping: AffineScheme.Grouping

  init(_ levels: Levels, _ grouping: AffineScheme.Grouping) {
    self.levels = levels
    self.grouping = grouping
  }

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    if case .fractions(let count, let isSigned) = levels {
      context.save(inputs[0])
      let bounds: ClosedRange<S> = isSigned ? -1...1 : 0...1
      let distance = (bounds.upperBound - bounds.lowerBound) / S(count - 1)
      let steps = round((clamp(inputs[0], to: bounds) - bounds.lowerBound) / distance)
      return steps * distance + bounds.lowerBound
    }
    guard inputs[0].elementCount > 0 else { return inputs[0] }
    let (x, axes) = grouped(inputs[0])
    return rounded(x, axes).reshaped(to: inputs[0].shape)
  }

  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    guard case .fractions(_, let isSigned) = levels else { return [gradient] }
    let x = context.saved[0]
    return [select(where: (x .>= (isSigned ? -1 : 0)) .& (x .<= 1), gradient, otherwise: Tensor(0))]
  }

  /// x reshaped so that the elements of a group lie along `axes`.
  private func grouped<S: RealScalar>(_ x: Tensor<S>) -> (Tensor<S>, axes: [Int]) {
    let columns = x.rank == 0 ? 1 : x.shape.lastDimension
    let rows = x.reshaped(to: [x.elementCount / columns, columns])
    switch grouping {
    case .tensor: return (rows, [0, 1])
    case .row: return (rows, [1])
    case .column: return (rows, [0])
    case .group(let size):
      precondition(
        columns % size == 0, "FakeQuantizer: groups of \(size) do not divide rows of \(x.shape)")
      return (x.reshaped(to: [x.elementCount / size, size]), [1])
    }
  }

  private func rounded<S: RealScalar>(_ x: Tensor<S>, _ axes: [Int]) -> Tensor<S> {
    let tiny: S = 0x1p-118
    switch levels {
    case .uniform(let count, .symmetric):
      let largest = S(count / 2 - 1)
      let step = maximum(abs(x).maximum(alongAxes: axes), Tensor(tiny)) / largest
      return clamp(round(x / step), to: -largest - 1...largest) * step
    case .uniform(let count, .asymmetric):
      let (low, high) = (x.minimum(alongAxes: axes), x.maximum(alongAxes: axes))
      let magnitude = maximum(-low, high)
      let range = maximum(maximum(high - low, magnitude * 0x1p-16), Tensor(tiny))
      let step = range / S(count - 1)
      let zero = round(low / step) + S(count / 2)
      let codes = clamp(round(x / step - zero), to: -S(count / 2)...S(count / 2 - 1))
      return (codes + zero) * step
    case .ternary:
      let magnitude = abs(x)
      let isKept = magnitude .> magnitude.mean(alongAxes: axes) * 0.7
      let kept = select(where: isKept, magnitude, otherwise: Tensor(0))
      let count = select(where: isKept, Tensor<S>(1), otherwise: Tensor(0)).sum(alongAxes: axes)
      let mean = kept.sum(alongAxes: axes) / maximum(count, Tensor(1))
      return select(where: isKept, sign(x), otherwise: Tensor(0)) * mean
    case .binary:
      return select(where: x .>= 0, Tensor<S>(1), otherwise: Tensor(-1))
        * abs(x).mean(alongAxes: axes)
    case .fractions: preconditionFailure("StraightThrough: fractions have no groups")
    }
  }
}

/// s clamp(round(x / s), Qn, Qp) for a learned s (LSQ, Esser et al., arXiv 1902.08153, section 2):
/// inputs x and s `[]`.
struct LearnedStep: CustomOperation {
  let least: Int
  let largest: Int
  /// The smallest step: a learned step below this is replaced by it.
  static let leastStep: Float = 1e-8

  init(bits: Int, isSigned: Bool) {
    least = isSigned ? -(1 << (bits - 1)) : 0
    largest = (1 << (isSigned ? bits - 1 : bits)) - 1
  }

  private func step<S: RealScalar>(_ inputs: [Tensor<S>]) -> S {
    max(inputs[1].scalar, S(Self.leastStep))
  }

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0], inputs[1])
    let step = step(inputs)
    return clamp(round(inputs[0] / step), to: S(least)...S(largest)) * step
  }

  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let d = gradient
    let value = context.saved[0] / step(context.saved)
    let isInside = (value .>= S(least)) .& (value .<= S(largest))
    let share: Tensor<S>? =
      context.needsGradient[0] ? select(where: isInside, d, otherwise: Tensor(0)) : nil
    guard context.needsGradient[1] else { return [share, nil] }
    // An element's contribution to the gradient of s: its rounding error, or the level it clips at.
    let slope =
      clamp(round(value), to: S(least)...S(largest))
      - select(where: isInside, value, otherwise: Tensor(0))
    let scale = 1 / (S(max(1, value.elementCount)) * S(largest)).squareRoot()
    return [share, Tensor(S(slope.dot(d)) * scale)]
  }
}
