import Formatting
package import Training

/// The progress of a run as one line that fits.
package struct ProgressLine {
  /// What the line may have, the most important parts first.
  private let parts: [(text: String, place: Int)]

  /// The columns of a line where nobody tells how many there are.
  private static let usualWidth = 120

  /// A line that says one thing, cut off where it does not fit.
  package init(_ text: String) { parts = [(text, 0)] }

  /// A line about a step.
  ///
  /// - Parameters:
  ///   - progress: Where the run stands.
  ///   - smoothed: The mean of recent losses; nil to leave it out.
  ///   - isTextLoss: Whether the loss is that of predicting a text, which has a perplexity.
  ///   - name: What the line begins with; empty for nothing.
  package init(
    _ progress: TrainingProgress, smoothed: Double? = nil, isTextLoss: Bool, name: String = ""
  ) {
    var parts = [
      ("\(name.isEmpty ? "" : name + ": ")step \(progress.step)/\(progress.steps)", 0),
      ("loss \(PlainText.decimals(progress.loss, 3))", 1),
      ("ETA \(PlainText.duration(progress.remainingSeconds))", 6),
      ("\(grouped(Int(progress.tokensPerSecond))) tokens/s", 5),
    ]
    if let smoothed { parts.append(("mean \(PlainText.decimals(smoothed, 3))", 2)) }
    parts.append((PlainText.megabytes(progress.residentBytes), 7))
    parts.append(("rate \(Self.short(progress.learningRate))", 4))
    if isTextLoss {
      parts.append(("perplexity \(PlainText.decimals(progress.perplexity, 1))", 3))
    }
    self.parts = parts
  }

  /// As many parts as fit, in their usual order.
  package func text(width: Int?) -> String {
    // The last column stays free, since some terminals wrap as soon as it is filled.
    let room = (width ?? Self.usualWidth) - 1
    var chosen: [(text: String, place: Int)] = []
    var length = 0
    for part in parts {
      let added = part.text.count + (chosen.isEmpty ? 0 : 2)
      if length + added > room { continue }
      chosen.append(part)
      length += added
    }
    let line = chosen.sorted { $0.place < $1.place }.map(\.text).joined(separator: "  ")
    guard line.isEmpty else { return line }
    let start = parts[0].text.prefix(max(0, room))
    return String(start.last == " " ? start.dropLast() : start)
  }

  /// A rate to three digits.
  private static func short(_ rate: Double) -> String {
    rate == 0 || rate >= 1e-3 ? printf("%.3g", rate) : printf("%.2e", rate)
  }
}

/// The mean of losses with weights that fall with their age.
package struct SmoothedLoss {
  private var sum = 0.0
  private var weight = 0.0
  private static let decay = 0.95

  /// No losses yet.
  package init() {}

  /// Takes the next loss, unless it is no finite number, and returns the mean so far; nil before the first.
  package mutating func take(_ loss: Double) -> Double? {
    if loss.isFinite {
      sum = Self.decay * sum + loss
      weight = Self.decay * weight + 1
    }
    return weight > 0 ? sum / weight : nil
  }
}
