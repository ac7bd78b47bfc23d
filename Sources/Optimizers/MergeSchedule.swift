import Tensors

/// When projections are renewed and low-rank updates merged: a sequence of gaps from step 0.
///
/// T_0 = 0, T_1 = first gap, T_{k+1} = T_k + gap k. The paper's formula for the exponential schedule,
/// tau + floor(psi^k), describes gaps, not absolute steps.
public struct MergeSchedule: Sendable, Hashable, Codable {
  fileprivate enum Growth: Hashable, Codable {
    case none
    case linear(Double)
    case exponential(Double)
    case geometric(merges: Int, steps: Int, ratio: Double)
  }

  /// The first gap, tau; 0 for a single merge at step 0; nil for no merge at all.
  public let gap: Int?
  /// The longest gap, if limited.
  public let longestGap: Int?
  private let growth: Growth

  private init(gap: Int?, longestGap: Int?, growth: Growth) {
    precondition(gap ?? 0 >= 0, "MergeSchedule: gap \(gap ?? 0) is negative")
    precondition(longestGap ?? 1 >= 1, "MergeSchedule: longest gap \(longestGap ?? 1) is below 1")
    self.gap = gap
    self.longestGap = longestGap
    self.growth = growth
  }

  /// A merge every `gap` steps.
  public static func `static`(every gap: Int) -> Self {
    Self(gap: max(1, gap), longestGap: nil, growth: .none)
  }

  /// Gaps tau + floor(growth * k) for k = 1, 2, ... after the first gap.
  public static func linear(every gap: Int, growth: Double, longestGap: Int? = nil) -> Self {
    Self(gap: max(1, gap), longestGap: longestGap, growth: .linear(max(0, growth)))
  }

  /// Gaps tau + floor(growth^k) for k = 1, 2, ... after the first gap: the paper's schedule with
  /// psi = growth.
  public static func exponential(every gap: Int, growth: Double, longestGap: Int? = nil) -> Self {
    Self(gap: max(1, gap), longestGap: longestGap, growth: .exponential(max(0, growth)))
  }

  /// `merges` merges after the one at step 0. The gaps grow by the factor `ratio` and, including the one
  /// after the last merge, fill a run of `steps` steps.
  public static func geometric(
    merges: Int, fillingSteps steps: Int, ratio: Double = 1.6, longestGap: Int? = nil
  ) -> Self {
    let growth = Growth.geometric(
      merges: max(0, merges), steps: max(1, steps), ratio: max(1e-3, ratio))
    return Self(gap: max(1, growth.geometricStep(1)), longestGap: longestGap, growth: growth)
  }

  /// P is computed once, at step 0, and nothing is merged afterwards.
  public static let once = Self(gap: 0, longestGap: nil, growth: .none)

  /// No merges, for models without LoQT layers.
  public static let never = Self(gap: nil, longestGap: nil, growth: .none)

  /// The gap after merge k, where k = 0 is the merge at step 0; nil after the last merge.
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

  /// The merge steps below `steps`, including step 0. With `sparingTail`, merges in the last `gap` steps
  /// are left out, since too little training would follow to recover from them.
  public func mergeSteps(below steps: Int, sparingTail: Bool = false) -> [Int] {
    Array(Steps(of: self, below: steps, sparingTail: sparingTail))
  }

  /// The merge steps as a sequence.
  package struct Steps: Sequence, IteratorProtocol {
    private let schedule: MergeSchedule
    private let end: Int
    private var last: Int?
    private var merges = 0

    package init(of schedule: MergeSchedule, below steps: Int, sparingTail: Bool) {
      self.schedule = schedule
      // Step 0 always merges, since layers have no projection before it.
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
    // Sums of powers also work for a ratio of 1.
    func sum(_ count: Int) -> Double {
      var (sum, power) = (0.0, 1.0)
      for _ in 0..<count where sum < 1e300 { (sum, power) = (sum + power, power * ratio) }
      return sum
    }
    return Int((Double(steps) * sum(k) / sum(merges + 1)).rounded())
  }
}

extension MergeSchedule: CustomStringConvertible {
  /// The schedule as text.
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
