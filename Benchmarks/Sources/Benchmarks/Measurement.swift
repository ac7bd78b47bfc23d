import Tensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One row of the table: our figure beside a rival's from the same run.
struct Row: Codable, Sendable {
  var group: String
  var `case`: String
  var value: Double
  var unit: String
  var rival: String
  var rival_value: Double
  /// Our rate over the rival's: above 1 is faster.
  var ratio: Double
  var reach: Double
  var ok: Bool
}

/// A comparison that can be run: ours and the rival's do the same amount of `work`.
struct Comparison: BenchmarkCase {
  let group: String
  let name: String
  /// What `work` counts, and the factor to the printed unit: ("GFLOP/s", 1e-9).
  let unit: (name: String, factor: Double)
  /// Operations or bytes of one run of ours.
  let work: Double
  let rival: String
  /// Operations or bytes of one run of the rival.
  let rivalWork: Double
  let reach: Double
  /// Whether to wait before each run until the OpenBLAS threads that the rival woke are asleep, and
  /// to run ours once before it is timed: the rival, ten times as long, warms up by itself.
  let pauses: Bool
  let prepare: () -> (ours: () -> Void, rival: () -> Void)

  init(
    _ group: String, _ name: String, unit: (name: String, factor: Double), work: Double,
    rival: String, rivalWork: Double? = nil, reach: Double,
    pauses: Bool = false, prepare: @escaping () -> (ours: () -> Void, rival: () -> Void)
  ) {
    self.group = group
    self.name = name
    self.unit = unit
    self.work = work
    self.rival = rival
    self.rivalWork = rivalWork ?? work
    self.reach = reach
    self.pauses = pauses
    self.prepare = prepare
  }

  /// Runs ours and the rival in turn and takes the best of each: the machine's speed may drift, and
  /// disturbances only make a run slower. OpenBLAS's threads stay busy for some 25 ms after a call
  /// of the rival that used them, on a processor that the next run needs.
  func measure() -> Row { measure(atLeast: 7, seconds: 1.5) }

  private func measure(atLeast rounds: Int, seconds: Double) -> Row {
    let (ours, theirs) = prepare()
    ours()
    theirs()
    let clock = ContinuousClock()
    // Short runs are repeated, so that the clock's resolution does not matter.
    let once = Self.seconds(clock.measure { ours() })
    let repeats = max(1, min(10_000, Int(0.002 / max(once, 1e-9))))
    var bestOurs = Double.infinity
    var bestRival = Double.infinity
    var spent = 0.0
    var round = 0
    // Runs of many seconds need fewer rounds.
    while (round < rounds && spent < 30) || (spent < seconds && round < 200) {
      if pauses {
        usleep(60_000)
        ours()
      }
      let a = Self.seconds(clock.measure { for _ in 0..<repeats { ours() } })
      let b = Self.seconds(clock.measure { for _ in 0..<repeats { theirs() } })
      bestOurs = min(bestOurs, a / Double(repeats))
      bestRival = min(bestRival, b / Double(repeats))
      spent += a + b
      round += 1
    }
    let value = work / bestOurs * unit.factor
    let rivalValue = rivalWork / bestRival * unit.factor
    let ratio = value / rivalValue
    return Row(
      group: group, case: name, value: value, unit: unit.name, rival: self.rival,
      rival_value: rivalValue, ratio: ratio, reach: reach, ok: ratio >= reach)
  }

  private static func seconds(_ duration: Duration) -> Double {
    let (whole, atto) = duration.components
    return Double(whole) + Double(atto) * 1e-18
  }
}

/// `body` with our loops on one thread, to compare with a single-threaded rival.
func onOneThread(_ body: @escaping () -> Void) -> () -> Void {
  {
    let all = Threads.count
    Threads.count = 1
    body()
    Threads.count = all
  }
}

let gflops = (name: "GFLOP/s", factor: 1e-9)
let gigabytes = (name: "GB/s", factor: 1e-9)
/// Runs a second: for comparisons of time.
let runs = (name: "runs/s", factor: 1.0)
