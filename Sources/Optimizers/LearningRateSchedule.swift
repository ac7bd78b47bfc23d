internal import Tensors

/// The learning rate as a function of the step, counted from 0.
///
/// Step t of a warm-up has the rate peak (t + 1) / warmup, so that the first step moves something, and
/// the last step of the run has the final rate. (Transformers' schedules give step t of the warm-up
/// peak t / warmup, and reach the final rate one step after the run.)
public struct LearningRateSchedule: Sendable, Hashable, Codable {
  private enum Kind: Hashable, Codable {
    case constant
    case cosine(steps: Int, warmup: Int, final: Double)
    case linear(steps: Int, warmup: Int, final: Double)
  }

  /// The highest learning rate.
  public var peak: Double
  private var kind: Kind
  private var restarts: [Int] = []
  private var restartWarmup = 0

  private init(peak: Double, kind: Kind) {
    self.peak = peak
    self.kind = kind
  }

  /// The same rate at every step.
  public static func constant(_ rate: Double) -> Self { Self(peak: rate, kind: .constant) }

  /// Rises linearly to `peak` over the warm-up, then falls along half a cosine to
  /// `finalFraction * peak` at the last step.
  ///
  /// - Parameters:
  ///   - peak: The highest rate.
  ///   - steps: Steps of the whole run; later steps keep the last rate.
  ///   - warmup: Steps of the rise; a tenth of the run when left out.
  ///   - finalFraction: The last rate as a share of the peak.
  public static func cosine(
    peak: Double, steps: Int, warmup: Int? = nil, finalFraction: Double = 0.1
  ) -> Self {
    Self(
      peak: peak, kind: .cosine(steps: steps, warmup: warmup ?? steps / 10, final: finalFraction))
  }

  /// Rises linearly to `peak` over the warm-up, then falls linearly to `finalFraction * peak` at the
  /// last step.
  public static func linear(
    peak: Double, steps: Int, warmup: Int? = nil, finalFraction: Double = 0
  ) -> Self {
    Self(
      peak: peak, kind: .linear(steps: steps, warmup: warmup ?? steps / 10, final: finalFraction))
  }

  /// The same rates, but for a linear rise over `warmup` steps from each of the given steps on
  /// (ReLoRA's jagged schedule).
  public func restarting(at steps: [Int], warmup: Int) -> Self {
    var schedule = self
    schedule.restarts = steps.sorted()
    schedule.restartWarmup = warmup
    return schedule
  }

  /// The rate of a step.
  public func callAsFunction(_ step: Int) -> Double {
    let rate = unbrokenRate(step)
    guard let restart = restarts.last(where: { $0 <= step }), step - restart < restartWarmup
    else { return rate }
    return rate * Double(step - restart + 1) / Double(restartWarmup)
  }

  private func unbrokenRate(_ step: Int) -> Double {
    switch kind {
    case .constant: return peak
    case .cosine(let steps, let warmup, let final):
      return peak
        * shape(step, steps, warmup) {
          (1 + final) / 2 + (1 - final) / 2 * ScalarMath.cos($0 * .pi)
        }
    case .linear(let steps, let warmup, let final):
      return peak * shape(step, steps, warmup) { 1 - (1 - final) * $0 }
    }
  }

  private func shape(_ step: Int, _ steps: Int, _ warmup: Int, _ decay: (Double) -> Double)
    -> Double
  {
    if step < warmup { return Double(step + 1) / Double(warmup) }
    let span = Double(max(1, steps - 1 - warmup))
    return decay(min(1, Double(step - warmup) / span))
  }
}
