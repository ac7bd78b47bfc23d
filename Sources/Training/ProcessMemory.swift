internal import Foundation

/// What the operating system says about this process's memory.
public enum ProcessMemory {
  /// The most bytes that were ever resident; 0 where the system does not say.
  public static var peakResidentBytes: Int {
    var usage = rusage()
    #if os(Linux)
      guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
      return usage.ru_maxrss * 1024
    #else
      guard getrusage(RUSAGE_SELF, &usage) == 0 else { return 0 }
      return usage.ru_maxrss
    #endif
  }

  /// Bytes resident at present; the peak where the system does not say.
  public static var residentBytes: Int {
    #if os(Linux)
      // The second number is the count of resident pages.
      if let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) {
        let fields = text.split(separator: " ")
        if fields.count > 1, let pages = Int(fields[1]) {
          return pages * sysconf(Int32(_SC_PAGESIZE))
        }
      }
    #endif
    return peakResidentBytes
  }
}
