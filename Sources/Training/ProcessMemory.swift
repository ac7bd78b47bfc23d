internal import Foundation
internal import Tensors

/// This process's memory and its limits, as the operating system reports them.
package enum ProcessMemory {
  /// The peak of resident bytes; 0 where the system does not report it.
  ///
  /// Read from `/proc/self/status` where it exists: the figure of `getrusage` includes the peak of the
  /// parent process.
  package static var peakResidentBytes: Int {
    if let status = text("/proc/self/status"),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    {
      return kilobytes * 1024
    }
    var usage = rusage()
    #if os(Linux)
      guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
      return usage.ru_maxrss * 1024
    #else
      guard getrusage(RUSAGE_SELF, &usage) == 0 else { return 0 }
      return usage.ru_maxrss
    #endif
  }

  /// Bytes resident at present; the peak where the system does not report them.
  package static var residentBytes: Int { pages(at: 1) ?? peakResidentBytes }

  /// Bytes of address space in use; nil where the system does not report them.
  static var addressSpaceBytes: Int? { pages(at: 0) }

  /// Resident bytes that are not tensors: the program, its libraries and their buffers, the text.
  package static var programBytes: Int {
    max(0, residentBytes - TensorMemory.liveBytes - TensorMemory.cachedBytes)
  }

  /// A field of `/proc/self/statm`, converted from pages to bytes.
  private static func pages(at place: Int) -> Int? {
    guard let text = text("/proc/self/statm") else { return nil }
    let fields = text.split(separator: " ")
    guard fields.count > place, let pages = Int(fields[place]) else { return nil }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }

  private static func text(_ path: String) -> String? {
    try? String(contentsOfFile: path, encoding: .utf8)
  }

  /// A limit on this process's memory.
  package struct Limit: Sendable, Hashable {
    /// Bytes that this process may hold in all, including those it holds now.
    package var bytes: Int
    /// What sets the limit, as a phrase for messages.
    package var source: String

    /// A limit.
    package init(bytes: Int, source: String) {
      self.bytes = bytes
      self.source = source
    }
  }

  /// The tightest limit on this process's memory: the machine's free memory, the control group's limit,
  /// or that of the address space (`ulimit -v`). Nil where the system reports none.
  package static var limit: Limit? {
    var limits: [Limit] = []
    if let text = text("/proc/meminfo"),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    {
      limits.append(
        Limit(bytes: kilobytes * 1024 + residentBytes, source: "memory that the machine has free"))
    }
    limits += controlGroupLimits()
    var space = rlimit()
    #if os(Linux)
      let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &space) == 0
    #else
      let isKnown = getrlimit(RLIMIT_AS, &space) == 0
    #endif
    if isKnown, space.rlim_cur < rlim_t(Int.max), let taken = addressSpaceBytes {
      limits.append(
        Limit(
          bytes: max(0, Int(space.rlim_cur) - taken) + residentBytes,
          source: "limit of the address space"))
    }
    return limits.min { $0.bytes < $1.bytes }
  }

  /// The control group's limit if it has become smaller than this process's peak, so that the system
  /// would kill the process without warning; nil otherwise.
  package static var shortage: Limit? {
    controlGroupLimits().filter { $0.bytes < peakResidentBytes }.min { $0.bytes < $1.bytes }
  }

  /// The limits of control groups version 2 (`memory.max`) and version 1 (`memory.limit_in_bytes`), of
  /// this group and its ancestors. Other memory of the group counts as taken, except cached files, which
  /// the system drops on demand.
  static func controlGroupLimits(
    membership: String = "/proc/self/cgroup", root: String = "/sys/fs/cgroup",
    resident: Int = residentBytes
  ) -> [Limit] {
    let lines = text(membership)?.split(separator: "\n") ?? []
    var limits: [Limit] = []
    for line in lines {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let (hierarchy, file, usage, prefix): (String, String, String, String)
      if fields[0] == "0" {
        (hierarchy, file, usage, prefix) = (root, "memory.max", "memory.current", "")
      } else if fields[1].split(separator: ",").contains("memory") {
        (hierarchy, file, usage, prefix) = (
          root + "/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"
        )
      } else {
        continue
      }
      var group = String(fields[2])
      while true {
        let folder = hierarchy + (group == "/" ? "" : group)
        if let most = number(folder + "/" + file), most < 1 << 60 {
          let files = ["active_file", "inactive_file"].reduce(0) {
            $0 + statistic(prefix + $1, of: folder + "/memory.stat")
          }
          let others = max(0, (number(folder + "/" + usage) ?? 0) - files - resident)
          limits.append(
            Limit(bytes: max(0, most - others), source: "limit of the control group"))
        }
        guard group != "/", let slash = group.lastIndex(of: "/") else { break }
        group = slash == group.startIndex ? "/" : String(group[..<slash])
      }
    }
    return limits
  }

  /// The number in the line `name number` of a file; 0 if there is no such line.
  private static func statistic(_ name: String, of path: String) -> Int {
    let line = text(path)?.split(separator: "\n").first { $0.hasPrefix(name + " ") }
    return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
  }

  private static func number(_ path: String) -> Int? {
    text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  /// Bytes free on the disk of a folder, or of its nearest ancestor that exists.
  package static func freeDiskBytes(at path: String) -> Int? {
    var url = URL(filePath: path)
    while !FileManager.default.fileExists(atPath: url.path), url.path != "/" {
      url.deleteLastPathComponent()
    }
    let values = try? FileManager.default.attributesOfFileSystem(forPath: url.path)
    return (values?[.systemFreeSize] as? NSNumber)?.intValue
  }
}
