internal import CKernels

/// What limits the number of threads at the start, and the resulting number.
///
/// It is the least of
/// - the cores that the process may run on (its affinity); of the two processors that a core has
///   under hyper-threading one counts, as both share the units that a matrix product keeps busy;
/// - the quota of its control group, version 1 or 2, rounded up;
/// - OMP_NUM_THREADS and OPENBLAS_NUM_THREADS, if set;
///
/// unless LOQT_NUM_THREADS names another number. `Threads.count`, and `--threads` on the command
/// line, override all of these.
public struct ThreadLimits: Hashable, Sendable, Codable {
  /// The number of processors that the process may run on.
  public var processors: Int
  /// The number of cores that these belong to.
  public var cores: Int
  /// The processors' worth of time that the control group allows; nil without a quota.
  public var quota: Double?
  /// The environment variables that name a number of threads, and the number.
  public var variables: [String: Int]

  /// The limits of this process.
  public static var current: ThreadLimits {
    var leaders = [Int16](repeating: -1, count: Int(LOQT_MOST_PROCESSORS))
    loqt_processor_leaders(&leaders)
    var variables: [String: Int] = [:]
    for name in variableNames {
      variables[name] = SystemFiles.variable(name).flatMap(threads(in:))
    }
    return ThreadLimits(
      processors: Int(loqt_count_processors(leaders)), cores: Int(loqt_count_cores(leaders)),
      quota: quota(in: SystemFiles()), variables: variables)
  }

  /// The resulting number of threads.
  public var count: Int {
    if let wish = variables["LOQT_NUM_THREADS"] { return wish }
    var count = cores
    if let quota { count = min(count, Int(quota.rounded(.up))) }
    return max(1, variables.values.reduce(count, min))
  }

  static let variableNames = ["LOQT_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"]

  /// The number in a variable, the first of a list; nil unless it is positive.
  static func threads(in text: String) -> Int? {
    let first = text.split(separator: ",").first.map { $0.filter { !$0.isWhitespace } }
    return first.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// The least quota of the process's control group and its ancestors, in processors.
  static func quota(in files: SystemFiles) -> Double? {
    var least: Double?
    for line in (files.text("/proc/self/cgroup") ?? "").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let controllers = parts[1].split(separator: ",")
      let isSecond = parts[0] == "0" && controllers.isEmpty
      guard isSecond || controllers.contains("cpu") else { continue }
      // Version 1 is mounted by all its controllers or by this one; hybrids also have version 2.
      let mounts =
        isSecond
        ? ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        : ["/sys/fs/cgroup/\(parts[1])", "/sys/fs/cgroup/cpu"]
      // In a container the path may be the host's, which does not exist; the root is then its own.
      var path = parts[2].split(separator: "/")
      while true {
        for mount in mounts {
          let folder = ([mount] + path.map(String.init)).joined(separator: "/")
          guard let found = isSecond ? second(folder, files) : first(folder, files) else {
            continue
          }
          least = min(least ?? found, found)
        }
        if path.popLast() == nil { break }
      }
    }
    return least
  }

  /// Version 1: two files, in microseconds; a quota of -1 is none.
  private static func first(_ folder: String, _ files: SystemFiles) -> Double? {
    ratio(files.text(folder + "/cpu.cfs_quota_us"), files.text(folder + "/cpu.cfs_period_us"))
  }

  /// Version 2: quota, or "max", and period in one file.
  private static func second(_ folder: String, _ files: SystemFiles) -> Double? {
    let words = files.text(folder + "/cpu.max")?.split(separator: " ").map(String.init) ?? []
    return words.count == 2 ? ratio(words[0], words[1]) : nil
  }

  private static func ratio(_ quota: String?, _ period: String?) -> Double? {
    guard let quota = quota.flatMap(Double.init), let period = period.flatMap(Double.init),
      quota > 0, period > 0
    else { return nil }
    return quota / period
  }
}
