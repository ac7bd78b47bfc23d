import CKernels
import TestSupport
import Testing

@testable import Tensors

@Suite struct ThreadLimitsTests {
  private static func files(_ name: String) -> SystemFiles {
    SystemFiles(root: Fixture.folder + "/cgroups/" + name)
  }

  @Test(
    "The least quota of the control groups around the process counts",
    arguments: [
      ("nested", 1.5), ("container", 2), ("first", 2.5), ("hybrid", 0.5), ("unlimited", nil),
      ("missing", nil),
    ] as [(String, Double?)])
  func quotas(name: String, quota: Double?) {
    #expect(ThreadLimits.quota(in: Self.files(name)) == quota)
  }

  @Test(
    "The number of threads is the least of cores, quota and variables, unless LOQT_NUM_THREADS is set",
    arguments: [
      (8, nil, [:], 8), (8, 2.5, [:], 3), (8, 0.5, [:], 1), (2, 6, [:], 2),
      (8, nil, ["OMP_NUM_THREADS": 4], 4), (8, 3, ["OMP_NUM_THREADS": 4], 3),
      (8, nil, ["OMP_NUM_THREADS": 4, "OPENBLAS_NUM_THREADS": 2], 2),
      (8, nil, ["OMP_NUM_THREADS": 64], 8),
      (8, 2, ["OMP_NUM_THREADS": 1, "LOQT_NUM_THREADS": 12], 12),
    ] as [(Int, Double?, [String: Int], Int)])
  func rule(cores: Int, quota: Double?, variables: [String: Int], count: Int) {
    let limits = ThreadLimits(
      processors: 2 * cores, cores: cores, quota: quota, variables: variables)
    #expect(limits.count == count)
  }

  @Test("Variables that are not positive numbers are ignored")
  func variables() {
    #expect(ThreadLimits.threads(in: " 4 ") == 4)
    #expect(ThreadLimits.threads(in: "4,2") == 4)
    for text in ["", "0", "-1", "all", "1.5"] { #expect(ThreadLimits.threads(in: text) == nil) }
  }

  @Test("A report names what the system withholds")
  func report() throws {
    let report = SystemReport(files: Self.files("unlimited"))
    #expect(report.hugePages == "never")
    #expect(report.load == 31.7)
    #expect(report.findings.contains { $0.remedy.hasPrefix("echo madvise") })
    #expect(report.findings.contains { $0.problem.hasPrefix("Other programs keep about 32 of") })
    #expect(report.processor == Processor.current.description)
    #expect(SystemReport(files: Self.files("missing")).hugePages == "unknown")
  }

  // MARK: - Cores

  /// The leaders of processors that may all be used: `leader(p)` for the first `count`.
  private static func leaders(_ count: Int, _ leader: (Int) -> Int) -> [Int16] {
    (0..<Int(LOQT_MOST_PROCESSORS)).map { $0 < count ? Int16(leader($0)) : -1 }
  }

  private static func places(_ leaders: [Int16], caller: Int, ranges: Int) -> [Int] {
    var places = [Int16](repeating: -1, count: ranges - 1)
    loqt_place_workers(leaders, Int32(caller), Int32(ranges), &places)
    return places.map(Int.init)
  }

  /// How systems number the two processors of a core: all second ones last, or each beside its
  /// first.
  static let numberings: [(name: String, leader: @Sendable (Int, Int) -> Int)] = [
    ("second ones last", { processor, cores in processor % cores }),
    ("neighbours", { processor, _ in processor / 2 * 2 }),
  ]

  @Test("No two workers share a core while cores are left", arguments: 0..<2, [4, 16, 64])
  func ownCores(numbering: Int, cores: Int) {
    let leaders = Self.leaders(2 * cores) { Self.numberings[numbering].leader($0, cores) }
    #expect(loqt_count_processors(leaders) == 2 * cores)
    #expect(loqt_count_cores(leaders) == cores)
    for caller in [0, 1, cores, 2 * cores - 1] {
      for ranges in [2, 3, cores / 2, cores] {
        let used = [caller] + Self.places(leaders, caller: caller, ranges: ranges)
        #expect(used.allSatisfy { (0..<2 * cores).contains($0) })
        #expect(Set(used.map { leaders[$0] }).count == ranges, "\(caller) of \(ranges): \(used)")
      }
    }
    // With more ranges than cores, every processor is used once.
    let all = Self.places(leaders, caller: 5, ranges: 2 * cores)
    #expect(Set(all + [5]).count == 2 * cores)
    // With more ranges than processors, the system chooses.
    #expect(
      Self.places(leaders, caller: 5, ranges: 2 * cores + 1).allSatisfy { $0 == -1 })
  }

  @Test("Half as many workers as cores are spread evenly over both sockets")
  func sockets() {
    let leaders = Self.leaders(64) { $0 % 32 }
    let used = [3] + Self.places(leaders, caller: 3, ranges: 16)
    #expect(used.filter { leaders[$0] < 16 }.count == 8)
  }

  @Test("Processors that the process may not use are not chosen")
  func affinity() {
    var leaders = Self.leaders(8) { $0 % 4 }
    leaders[0] = -1
    leaders[6] = -1
    #expect(loqt_count_processors(leaders) == 6 && loqt_count_cores(leaders) == 4)
    let used = [4] + Self.places(leaders, caller: 4, ranges: 4)
    #expect(Set(used) == [1, 2, 3, 4])
    #expect(Self.places(leaders, caller: 0, ranges: 2) == [-1])
  }
}
