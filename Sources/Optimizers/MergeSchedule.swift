import Tensors

/// When projections are taken anew and low-rank updates merged: a sequence of gaps that begins at
/// step 0.
///
/// T_0 = 0, T_1 = first gap, T_{k+1} = T_k + gap k. The paper's formula for the exponential schedule is
/// to be read as gaps: tau + floor(psi^k), not as absolute steps.
public struct MergeSchedule: Sendable, Hashable, Codable {
  fileprivate enum Growth: Hashable, Codable {
    case none
    case linear(Double)
    case exponential(Double)
    case geometric(merges: Int, steps: Int, ratio: Double)
  }

  /// The first gap, tau; 0 for a schedule of the single merge at step 0; nil for no merge at all.
  public let gap: Int?
  /// A longest gap.
  public let longestGap: Int?
  private let growth: Growth

  private init(gap: Int?, longestGap: Int?, growth: Growth) {
    precondition(gap ?? 0 >= 0, "MergeSchedule: gap \(gap ?? 0) is negative")
    precondition(longestGap ?? 1 >= 1, "MergeSchedule: longest gap \(longestGap ?? 1) is below 1")
    self.gap = gap
    self.longestGap = longestGap
    self.growth = growth
  }

  /// Every `gap` steps.
  public static func `static`(every gap: Int) -> Self {
    Self(gap: max(1, gap), longestGap: nil, growth: .none)
  }

  /// Gaps tau + floor(growth * k), k = 1, 2, ... after the first.
  public static func linear(every gap: Int, growth: Double, longestGap: Int? = nil) -> Self {
    Self(gap: max(1, gap), longestGap: longestGap, growth: .linear(max(0, growth)))
  }

  /// Gaps tau + floor(growth^k), k = 1, 2, ... after the first: the paper's schedule with psi = growth.
  public static func exponential(every gap: Int, growth: Double, longestGap: Int? = nil) -> Self {
    Self(gap: max(1, gap), longestGap: longestGap, growth: .exponential(max(0, growth)))
  }

  /// `merges` of them after the one at step 0, with gaps that grow by the factor `ratio` and, with the
  /// one after the last merge, fill a run of `steps`. Long gaps last.
  public static func geometric(
    merges: Int, fillingSteps steps: Int, ratio: Double = 1.6, longestGap: Int? = nil
  ) -> Self {
    let growth = Growth.geometric(
      merges: max(0, merges), steps: max(1, steps), ratio: max(1e-3, ratio))
    return Self(gap: max(1, growth.geometricStep(1)), longestGap: longestGap, growth: growth)
  }

  /// P is taken once, at step 0, and nothing is merged afterwards.
  public static let once = Self(gap: 0, longestGap: nil, growth: .none)

  /// Never: for models without LoQT layers.
  public static let never = Self(gap: nil, longestGap: nil, growth: .none)

  /// The gap after merge k, k = 0 for the one at step 0; nil after the last.
  package func gap(after k: Int) -> Int? {
    guard let gap, gap > 0 else { return nil }
    if case .geometric(let merges, _, _) = growth {
      guard k < merges else { return nil }
      let length = growth.geometricStep(k + 1) - growth.geometricStep(k)
      return min(max(1, length), longestGap ?? .max)
    }
    var length = Double(gap)
    if k > 0 {
      switch growth {
      case .none, .geometric: break
      case .linear(let slope): length += (slope * Double(k)).rounded(.down)
      case .exponential(let base):
        var power = 1.0
        for _ in 0..<k where power < 1e15 { power *= base }
        length += power.rounded(.down)
      }
    }
    return min(Int(min(length, 1e15)), longestGap ?? .max)
  }

  /// The merge steps below `steps`, step 0 included; sparing the tail, without those within the last
  /// `gap` steps, where what is merged has no time left to recover.
  public func mergeSteps(below steps: Int, sparingTail: Bool = false) -> [Int] {
    Array(Steps(of: self, below: steps, sparingTail: sparingTail))
  }

  /// The merge steps one after the other.
  package struct Steps: Sequence, IteratorProtocol {
    private let schedule: MergeSchedule
    private let end: Int
    private var last: Int?
    private var merges = 0

    package init(of schedule: MergeSchedule, below steps: Int, sparingTail: Bool) {
      self.schedule = schedule
      // Step 0 is always one: without it a layer has no projection.
      end = sparingTail ? Swift.min(steps, Swift.max(1, steps - (schedule.gap ?? 0) + 1)) : steps
    }

    package mutating func next() -> Int? {
      let step: Int
      if let last {
        guard let gap = schedule.gap(after: merges - 1) else { return nil }
        step = last + gap
      } else {
        guard schedule.gap != nil else { return nil }
        step = 0
      }
      guard step < end else { return nil }
      last = step
      merges += 1
      return step
    }
  }
}

extension MergeSchedule.Growth {
  /// The step of merge k of a geometric schedule: steps (q^k - 1) / (q^(merges + 1) - 1), rounded.
  fileprivate func geometricStep(_ k: Int) -> Int {
    guard case .geometric(let merges, let steps, let ratio) = self else { return 0 }
    // Sums of powers, which also hold for a ratio of 1.
    func sum(_ count: Int) -> Double {
      var (sum, power) = (0.0, 1.0)
      for _ in 0..<count where sum < 1e300 { (sum, power) = (sum + power, power * ratio) }
      return sum
    }
    return Int((Double(steps) * sum(k) / sum(merges + 1)).rounded())
  }
}

extension MergeSchedule: CustomStringConvertible {
  /// The schedule in words.
  public var description: String {
    guard let gap else { return "never" }
    if gap == 0 { return "once" }
    let shape =
      switch growth {
      case .none: "every \(gap) steps"
      case .linear(let slope): "every \(gap) steps, gap k longer by \(slope) k"
      case .exponential(let base): "every \(gap) steps, gap k longer by \(base)^k"
      case .geometric(let merges, let steps, let ratio):
        "\(merges) in \(steps) steps, gaps growing by \(ratio)"
      }
    return shape + (longestGap.map { ", at most \($0)" } ?? "")
  }
}
