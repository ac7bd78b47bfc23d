package import Training

extension TrainingProgress {
  /// One line of at most 80 characters.
  package var line: String {
    "step \(step)/\(steps)  loss \(decimals(loss, 3))  perplexity \(decimals(perplexity, 1))  "
      + "\(grouped(Int(tokensPerSecond))) tokens/s  ETA \(duration(remainingSeconds))  "
      + megabytes(residentBytes)
  }
}
