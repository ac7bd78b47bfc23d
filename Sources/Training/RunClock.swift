/// Times the parts of a run, and estimates the time left.
struct RunClock {
  private let clock = ContinuousClock()
  /// When the run began.
  let start: ContinuousClock.Instant
  /// When the first step began, after the first evaluation.
  private var trainingStart: ContinuousClock.Instant?

  /// Seconds of all steps.
  private(set) var trainingSeconds = 0.0
  private var recent: [Double] = []
  private var mergeSeconds: (sum: Double, count: Int) = (0, 0)
  private var secondsPerWindow = 0.0

  /// Seconds of the run and of its training before it was resumed.
  private var earlier = (wall: 0.0, training: 0.0)

  init(start: ContinuousClock.Instant) { self.start = start }

  /// Counts in the time that a saved run had taken.
  mutating func resume(trainingSeconds: Double, wallSeconds: Double) {
    earlier = (wallSeconds, trainingSeconds)
    self.trainingSeconds = trainingSeconds
  }

  /// Seconds since the run began.
  var elapsed: Double { earlier.wall + seconds(from: start) }

  /// Seconds since the first step began.
  var trainingElapsed: Double { earlier.training + (trainingStart.map { seconds(from: $0) } ?? 0) }

  private func seconds(from instant: ContinuousClock.Instant) -> Double {
    (clock.now - instant) / .seconds(1)
  }

  /// Runs and times one step.
  mutating func measureStep<R>(_ body: () throws -> (result: R, isMerge: Bool)) rethrows -> R {
    let begin = clock.now
    if trainingStart == nil { trainingStart = begin }
    let (result, isMerge) = try body()
    let spent = seconds(from: begin)
    trainingSeconds += spent
    if isMerge {
      mergeSeconds = (mergeSeconds.sum + spent, mergeSeconds.count + 1)
    } else {
      recent.append(spent)
      if recent.count > 20 { recent.removeFirst() }
    }
    return result
  }

  /// Runs and times an evaluation of some windows.
  mutating func measureEvaluation<R>(windows: Int, _ body: () throws -> R) rethrows -> R {
    let begin = clock.now
    let result = try body()
    secondsPerWindow = seconds(from: begin) / Double(max(1, windows))
    return result
  }

  /// Mean seconds of recent ordinary steps, or of merge steps while there are no others.
  var stepSeconds: Double {
    if !recent.isEmpty { return recent.reduce(0, +) / Double(recent.count) }
    return mergeSeconds.count > 0 ? mergeSeconds.sum / Double(mergeSeconds.count) : 0
  }

  /// Estimated seconds of the given numbers of steps, merge steps among them, and evaluation windows.
  func estimate(steps: Int, merges: Int, windows: Int) -> Double {
    let merge =
      mergeSeconds.count > 0 ? mergeSeconds.sum / Double(mergeSeconds.count) : stepSeconds
    return Double(steps - merges) * stepSeconds + Double(merges) * merge
      + Double(windows) * secondsPerWindow
  }
}
