import Foundation
import Testing

@testable import Training

@Suite struct ProcessMemoryTests {
  /// A tree of control groups as files.
  private func limits(
    _ membership: String, _ files: [String: String], resident: Int
  ) throws -> [Int] {
    let root = NSTemporaryDirectory() + "groups-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    for (name, text) in files {
      let url = URL(filePath: root + "/" + name)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
    try Data(membership.utf8).write(to: URL(filePath: root + "/membership"))
    return ProcessMemory.controlGroupLimits(
      membership: root + "/membership", root: root, resident: resident
    ).map(\.bytes)
  }

  @Test func aGroupOfVersion2LeavesWhatOthersDoNotHold() throws {
    // Of 900 bytes, 300 belong to this process, and 150 are files that the system can drop.
    let found = try limits(
      "0::/outer/inner\n",
      [
        "outer/inner/memory.max": "2000\n", "outer/inner/memory.current": "900\n",
        "outer/inner/memory.stat": "anon 750\nactive_file 50\ninactive_file 100\n",
        "outer/memory.max": "max\n", "outer/memory.current": "5000\n",
      ], resident: 300)
    #expect(found == [1_550])
  }

  @Test func everyGroupAroundAProcessCounts() throws {
    let found = try limits(
      "0::/outer/inner\n",
      [
        "outer/inner/memory.max": "2000\n", "outer/inner/memory.current": "900\n",
        "outer/memory.max": "1500\n", "outer/memory.current": "1400\n",
      ], resident: 300)
    #expect(found == [1_400, 400])
  }

  @Test func aGroupOfVersion1IsRead() throws {
    let found = try limits(
      "5:cpu:/\n4:memory:/run\n0::/\n",
      [
        "memory/run/memory.limit_in_bytes": "2000\n", "memory/run/memory.usage_in_bytes": "900\n",
        "memory/run/memory.stat": "inactive_file 7\ntotal_active_file 0\ntotal_inactive_file 100\n",
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
      ], resident: 300)
    #expect(found == [1_500])
  }

  @Test func aLimitBelowWhatThisProcessHoldsLeavesNothing() throws {
    let found = try limits(
      "0::/\n", ["memory.max": "100\n", "memory.current": "900\n"], resident: 300)
    #expect(found == [0])
  }
}
