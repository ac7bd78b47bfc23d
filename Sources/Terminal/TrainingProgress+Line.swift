import Formatting
package import Training

extension TrainingProgress {
  /// The progress in one line of at most 80 characters.
  package var line: String {
    "step \(step)/\(steps)  loss \(PlainText.decimals(loss, 3))  perplexity \(PlainText.decimals(perplexity, 1))  "
      + "\(grouped(Int(tokensPerSecond))) tokens/s  ETA \(PlainText.duration(remainingSeconds))  "
      + PlainText.megabytes(residentBytes)
  }
}
