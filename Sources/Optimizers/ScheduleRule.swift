internal import Synchronization

/// A named kind of learning rate schedule, which makes the schedule of a run from its highest rate and
/// its length.
public struct ScheduleRule: Sendable {
  /// The name on the command line and in files.
  public let name: String
  private let make: @Sendable (_ peak: Double, _ steps: Int) -> LearningRateSchedule

  /// A rule.
  public init(
    _ name: String, make: @escaping @Sendable (_ peak: Double, _ steps: Int) -> LearningRateSchedule
  ) {
    self.name = name
    self.make = make
  }

  /// The schedule of a run.
  public func callAsFunction(peak: Double, steps: Int) -> LearningRateSchedule {
    make(peak, steps)
  }

  /// A warm-up of a tenth of the run, then half a cosine down to a tenth of the peak.
  public static let cosine = ScheduleRule("cosine") { .cosine(peak: $0, steps: $1) }
  /// A warm-up of a tenth of the run, then a linear decay to 0.
  public static let linear = ScheduleRule("linear") { .linear(peak: $0, steps: $1) }
  /// The same rate at every step.
  public static let constant = ScheduleRule("constant") { peak, _ in .constant(peak) }
  /// A warm-up of a tenth of the run, the peak rate, and a linear decay to a tenth of it in the last tenth.
  public static let warmupStableDecay = ScheduleRule("warmup-stable-decay") {
    .warmupStableDecay(peak: $0, steps: $1)
  }

  private static let registered = Mutex<[ScheduleRule]>([])

  /// All rules, those of the package first.
  public static var all: [ScheduleRule] {
    [.cosine, .linear, .constant, .warmupStableDecay] + registered.withLock { $0 }
  }

  /// Registers a rule, so that runs with it can be named and resumed. Traps if a rule of the same name
  /// exists.
  public static func register(_ rule: ScheduleRule) {
    precondition(
      !all.contains { $0.name == rule.name }, "ScheduleRule: there is a '\(rule.name)' already")
    registered.withLock { $0.append(rule) }
  }

  /// The rule with a name; nil if there is none.
  public init?(named name: String) {
    guard let rule = Self.all.first(where: { $0.name == name }) else { return nil }
    self = rule
  }
}
