internal import Foundation
internal import Training

/// A claim about two variants that runs can confirm or refute: that the loss of one exceeds that of the
/// other by at most a bound.
public struct Claim: Sendable, Hashable {
  /// The verdict of the runs.
  public enum Verdict: String, Sendable, Hashable, Codable {
    /// The bound is more than two standard errors above the mean difference.
    case holds
    /// The bound is more than two standard errors below the mean difference.
    case fails = "does not hold"
    /// The bound is closer than that, or there are fewer than two seeds.
    case open
  }

  /// The claim as a sentence.
  public let sentence: String
  /// The variant that the claim favours.
  public let variant: String
  /// The variant that it is compared with.
  public let rival: String
  /// The bound on the difference of losses, in nats per token; 0 for "better".
  public let bound: Double

  /// The claim that the perplexity of a variant exceeds its rival's by at most a share; 0 for not at all.
  init(_ sentence: String, _ variant: String, within share: Double = 0, of rival: String) {
    self.sentence = sentence
    self.variant = variant
    self.rival = rival
    bound = log1p(share)
  }

  /// The verdict of paired differences of losses.
  func verdict(_ difference: SampleStatistics) -> Verdict {
    guard let error = difference.standardError else { return .open }
    if difference.mean + 2 * error < bound { return .holds }
    return difference.mean - 2 * error > bound ? .fails : .open
  }
}
