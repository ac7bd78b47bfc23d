internal import CKernels
internal import COpenBLAS

/// The kernels of OpenBLAS in use, and how they were chosen.
///
/// OpenBLAS looks for the processor's kernels when the program starts, and takes those of 2004 for a
/// processor that it does not know. Before the first product this package compares them with what the
/// processor can do; where they are below it, it has OpenBLAS take better ones, unless the environment
/// variable OPENBLAS_CORETYPE names some. Kernels are kept only if they compute right results.
public struct BLASKernels: Hashable, Sendable {
  /// Who chose the kernels.
  public enum Choice: Hashable, Sendable {
    /// OpenBLAS, by the processor.
    case byBLAS
    /// The environment variable OPENBLAS_CORETYPE.
    case byEnvironment
    /// This package, in the place of those that OpenBLAS had taken.
    case byPackage(insteadOf: String)
  }

  /// The processor they were written for, in OpenBLAS's spelling: "SkylakeX".
  public let name: String
  /// Who chose them.
  public let choice: Choice
  /// A sentence on what is wrong with them and what mends it; nil when all is well.
  public let notice: String?

  /// The kernels in use, chosen now if nothing was computed yet.
  ///
  /// The choice takes about a millisecond. If it is made while a thread of the program's own is inside
  /// OpenBLAS, that thread may crash: a program that calls OpenBLAS itself reads this once before.
  public static var current: BLASKernels { chosen }

  private static let chosen: BLASKernels = {
    // Our loops split the work; OpenBLAS computes on the thread that calls it.
    openblas_set_num_threads(1)
    return choose(
      forced: SystemFiles.variable("OPENBLAS_CORETYPE"), on: .current,
      with: Chooser(
        canChange: loqt_openblas_can_choose(),
        change: { name in
          _ = loqt_openblas_choose(name)
          return loadedName
        },
        isRight: { SelfTest.passes }),
      loaded: loadedName)
  }()

  /// The kernels that OpenBLAS has at the moment.
  private static var loadedName: String {
    openblas_get_corename().map { String(cString: $0) } ?? "unknown"
  }
}

// MARK: - The choice

extension BLASKernels {
  /// What a choice needs of OpenBLAS, so that it can be tested without one.
  struct Chooser {
    let canChange: Bool
    /// Takes the kernels of this name, or those that OpenBLAS finds when nil; returns the name of what
    /// there is now.
    let change: (String?) -> String
    /// Whether the kernels there are now compute right results.
    let isRight: () -> Bool
  }

  /// Takes the first of the processor's kernels, from the best down, that compute right results; none
  /// below OpenBLAS's own choice unless that one is wrong.
  static func choose(
    forced: String?, on processor: Processor, with blas: Chooser, loaded own: String
  ) -> BLASKernels {
    if let forced {
      let notice =
        !blas.isRight()
        ? "OPENBLAS_CORETYPE=\(forced) gives wrong results on this processor. Unset it."
        : forced.lowercased() == own.lowercased() || level(of: forced) != nil
          ? nil
          : "OPENBLAS_CORETYPE=\(forced) is not a name that OpenBLAS knows, and it took its "
            + "kernels for \(own). Unset it, or name others: \(names(for: processor))."
      return BLASKernels(name: own, choice: .byEnvironment, notice: notice)
    }
    let fitting = kernels(for: processor)
    guard let level = level(of: own), !fitting.isEmpty else {
      return BLASKernels(
        name: own, choice: .byBLAS, notice: blas.isRight() ? nil : wrongResults(of: own))
    }
    guard blas.canChange else {
      let notice =
        !blas.isRight()
        ? wrongResults(of: own)
        : fitting[0].level <= level
          ? nil
          : "OpenBLAS took its kernels for \(own), which use less than this processor has, and this "
            + "build cannot change them. Set OPENBLAS_CORETYPE=\(fitting[0].name) before the start."
      return BLASKernels(name: own, choice: .byBLAS, notice: notice)
    }
    var wrong: [String] = []
    var name = own
    // Better ones, its own (nil), lesser ones.
    let order: [Named?] =
      fitting.filter { $0.level > level } + [nil] + fitting.filter { $0.level < level }
    for other in order {
      if let other {
        name = blas.change(other.name)
        // For a name that a build does not have it takes some others.
        guard name == other.name else { continue }
      } else if name != own {
        name = blas.change(nil)
      }
      guard blas.isRight() else {
        wrong.append(name)
        continue
      }
      let notice =
        wrong.isEmpty
        ? nil
        : "OpenBLAS's kernels for \(wrong.joined(separator: " and ")) give wrong results on this "
          + "processor; those for \(name) are used. A newer OpenBLAS may mend it."
      return BLASKernels(
        name: name, choice: name == own ? .byBLAS : .byPackage(insteadOf: own), notice: notice)
    }
    name = blas.change(nil)
    return BLASKernels(name: name, choice: .byBLAS, notice: wrongResults(of: name))
  }

  private static func wrongResults(of name: String) -> String {
    "OpenBLAS's kernels for \(name) give wrong results on this processor, and so will everything "
      + "computed with them. Install another version of OpenBLAS."
  }
}

// MARK: - Names

extension BLASKernels {
  /// The instructions that kernels use, from the least up.
  enum Level: Int, Comparable {
    case sse, avx, avx2, avx512
    static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
  }

  typealias Named = (name: String, level: Level)

  /// Kernels that a processor can run, from the best down: one for each level, always the same.
  static func kernels(for processor: Processor) -> [Named] {
    let features = processor.features
    var list: [Named] = []
    if features.isSuperset(of: [.avx512, .avx2, .fma]) { list.append(("SkylakeX", .avx512)) }
    if features.isSuperset(of: [.avx2, .fma]) { list.append(("Haswell", .avx2)) }
    if features.contains(.avx), processor.maker == "GenuineIntel" {
      list.append(("Sandybridge", .avx))
    }
    return list
  }

  private static func names(for processor: Processor) -> String {
    kernels(for: processor).map(\.name).joined(separator: ", ")
  }

  /// The level of kernels by OpenBLAS's name for them, in whatever case; nil for unknown names and
  /// those of other architectures.
  static func level(of name: String) -> Level? {
    switch name.lowercased() {
    case "skylakex", "cooperlake", "sapphirerapids": .avx512
    case "haswell", "zen", "excavator": .avx2
    case "sandybridge", "bulldozer", "piledriver", "steamroller": .avx
    case "katmai", "coppermine", "northwood", "prescott", "banias", "core2", "penryn", "dunnington",
      "nehalem", "athlon", "opteron", "opteron_sse3", "barcelona", "bobcat", "atom", "nano":
      .sse
    default: nil
    }
  }
}

extension BLASKernels: CustomStringConvertible {
  /// Their name and who chose it: "SkylakeX (OpenBLAS had taken Prescott)".
  public var description: String {
    switch choice {
    case .byBLAS: name
    case .byEnvironment: "\(name) (OPENBLAS_CORETYPE)"
    case .byPackage(let before): "\(name) (OpenBLAS had taken \(before))"
    }
  }
}
