internal import Foundation
internal import Training

/// What is said about two variants, to be held against the runs: that one has at most a certain loss
/// above the other.
public struct Claim: Sendable, Hashable {
  /// What the runs say.
  public enum Verdict: String, Sendable, Hashable, Codable {
    /// The bound lies more than two standard errors above the mean difference.
    case holds
    /// It lies more than two below.
    case fails = "does not hold"
    /// It lies nearer, or there are fewer than two seeds.
    case open
  }

  /// The claim as a sentence.
  public let sentence: String
  /// The variant that is said to be good.
  public let variant: String
  /// The one it is held against.
  public let rival: String
  /// The highest difference of the losses, in nats a token; 0 for "better".
  public let bound: Double

  /// That the perplexity of a variant is at most so much above its rival's, as a share; 0 for below it.
  init(_ sentence: String, _ variant: String, within share: Double = 0, of rival: String) {
    self.sentence = sentence
    self.variant = variant
    self.rival = rival
    bound = log1p(share)
  }

  /// What paired differences of losses say.
  func verdict(_ difference: SampleStatistics) -> Verdict {
    guard let error = difference.standardError else { return .open }
    if difference.mean + 2 * error < bound { return .holds }
    return difference.mean - 2 * error > bound ? .fails : .open
  }
}
