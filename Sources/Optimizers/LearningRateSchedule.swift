internal import Tensors

/// The learning rate as a function of the step, counted from 0.
///
/// Step t of a warm-up has the rate peak (t + 1) / warmup, so that the first step has an effect, and the
/// last step of the run has the final rate. (Transformers' schedules give step t of the warm-up
/// peak t / warmup, and reach the final rate one step after the run.)
public struct LearningRateSchedule: Sendable {
  /// The highest learning rate.
  public var peak: Double
  /// The rate of a step as a share of the peak.
  private let share: @Sendable (_ step: Int) -> Double
  private var restarts: [Int] = []
  private var restartWarmup = 0

  /// A schedule of any shape.
  ///
  /// - Parameters:
  ///   - peak: The highest rate.
  ///   - share: The rate of a step, counted from 0, as a share of the peak.
  public init(peak: Double, share: @escaping @Sendable (_ step: Int) -> Double) {
    self.peak = peak
    self.share = share
  }

  /// The same rate at every step.
  public static func constant(_ rate: Double) -> Self { Self(peak: rate) { _ in 1 } }

  /// Rises linearly to `peak` over the warm-up, then falls along half a cosine to
  /// `finalFraction * peak` at the last step.
  ///
  /// - Parameters:
  ///   - peak: The highest rate.
  ///   - steps: Steps of the whole run; later steps keep the final rate.
  ///   - warmup: Steps of the warm-up; a tenth of the run when left out.
  ///   - final: The final rate as a share of the peak.
  public static func cosine(
    peak: Double, steps: Int, warmup: Int? = nil, finalFraction final: Double = 0.1
  ) -> Self {
    falling(peak: peak, steps: steps, warmup: warmup) {
      (1 + final) / 2 + (1 - final) / 2 * ScalarMath.cos($0 * .pi)
    }
  }

  /// Rises linearly to `peak` over the warm-up, then falls linearly to `finalFraction * peak` at the
  /// last step.
  ///
  /// - Parameters:
  ///   - peak: The highest rate.
  ///   - steps: Steps of the whole run; later steps keep the final rate.
  ///   - warmup: Steps of the warm-up; a tenth of the run when left out.
  ///   - final: The final rate as a share of the peak.
  public static func linear(
    peak: Double, steps: Int, warmup: Int? = nil, finalFraction final: Double = 0
  ) -> Self {
    falling(peak: peak, steps: steps, warmup: warmup) { 1 - (1 - final) * $0 }
  }

  /// Rises linearly to `peak` over the warm-up, stays there, and falls linearly to
  /// `finalFraction * peak` over the last `decay` steps (Hu et al., MiniCPM, arXiv 2404.06395,
  /// section 4).
  ///
  /// - Parameters:
  ///   - peak: The highest rate.
  ///   - steps: Steps of the whole run; later steps keep the final rate.
  ///   - warmup: Steps of the warm-up; a tenth of the run when left out.
  ///   - decay: Steps of the decay; a tenth of the run when left out.
  ///   - final: The final rate as a share of the peak.
  public static func warmupStableDecay(
    peak: Double, steps: Int, warmup: Int? = nil, decay: Int? = nil,
    finalFraction final: Double = 0.1
  ) -> Self {
    let warmup = warmup ?? steps / 10
    let decay = max(1, decay ?? steps / 10)
    return Self(peak: peak) { step in
      if step < warmup { return Double(step + 1) / Double(warmup) }
      let fallen = Double(step - (steps - 1 - decay)) / Double(decay)
      return 1 - (1 - final) * min(1, max(0, fallen))
    }
  }

  /// Straight lines between points of the run; before the first and after the last point the rate is
  /// theirs. Two points at one step make a jump. Traps on no point, steps that fall, and rates that are
  /// negative or all 0.
  ///
  /// - Parameter points: Steps, counted from 0, and the rate at each.
  public static func piecewise(_ points: [(step: Int, rate: Double)]) -> Self {
    let peak = points.map(\.rate).max() ?? 0
    precondition(
      peak > 0 && points.allSatisfy { $0.rate >= 0 }
        && zip(points, points.dropFirst()).allSatisfy { $0.step <= $1.step },
      "LearningRateSchedule.piecewise: points \(points) are not in order, or no rate is above 0")
    return Self(peak: peak) { step in
      guard let next = points.firstIndex(where: { $0.step > step }) else {
        return points.last!.rate / peak
      }
      guard next > 0 else { return points[0].rate / peak }
      let (from, to) = (points[next - 1], points[next])
      let way = Double(step - from.step) / Double(to.step - from.step)
      return (from.rate + (to.rate - from.rate) * way) / peak
    }
  }

  /// A linear rise, then `decay` of the share of the way from there to the last step.
  private static func falling(
    peak: Double, steps: Int, warmup: Int?, decay: @escaping @Sendable (Double) -> Double
  ) -> Self {
    let warmup = warmup ?? steps / 10
    let span = Double(max(1, steps - 1 - warmup))
    return Self(peak: peak) { step in
      if step < warmup { return Double(step + 1) / Double(warmup) }
      return decay(min(1, Double(step - warmup) / span))
    }
  }

  /// The same schedule with another linear warm-up of `warmup` steps at each of the given steps (ReLoRA's
  /// jagged schedule).
  public func restarting(at steps: [Int], warmup: Int) -> Self {
    var schedule = self
    schedule.restarts = steps.sorted()
    schedule.restartWarmup = warmup
    return schedule
  }

  /// The rate of a step.
  public func callAsFunction(_ step: Int) -> Double {
    let rate = peak * share(step)
    guard let restart = restarts.last(where: { $0 <= step }), step - restart < restartWarmup
    else { return rate }
    return rate * Double(step - restart + 1) / Double(restartWarmup)
  }
}
