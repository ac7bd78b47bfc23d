internal import CKernels
internal import COpenBLAS

/// The kernels of OpenBLAS in use, and how they were chosen.
///
/// OpenBLAS picks kernels for the processor when the program starts, and falls back to those of
/// 2004 for a processor that it does not know. Before the first product this package compares them
/// with what the processor can do; if better ones exist, it makes OpenBLAS use them, unless the
/// environment variable OPENBLAS_CORETYPE names some. Kernels are kept only if they compute correct
/// results.
public struct BLASKernels: Hashable, Sendable {
  /// Who chose the kernels.
  public enum Choice: Hashable, Sendable {
    /// OpenBLAS, by the processor.
    case byBLAS
    /// The environment variable OPENBLAS_CORETYPE.
    case byEnvironment
    /// This package, in place of those that OpenBLAS had picked.
    case byPackage(insteadOf: String)
  }

  /// The processor they were written for, in OpenBLAS's spelling, such as "SkylakeX".
  public let name: String
  /// Who chose them.
  public let choice: Choice
  /// A sentence on what is wrong with them and how to fix it; nil if nothing is.
  public let notice: String?

  /// The kernels in use, chosen now if nothing has been computed yet.
  ///
  /// The choice takes about a millisecond. If it is made while a thread of the program's own is
  /// inside OpenBLAS, that thread may crash: a program that calls OpenBLAS itself should read this
  /// once first.
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

  /// The name of the kernels that OpenBLAS uses now.
  private static var loadedName: String {
    openblas_get_corename().map { String(cString: $0) } ?? "unknown"
  }
}

// MARK: - The choice

extension BLASKernels {
  /// What a choice needs from OpenBLAS, so that it can be tested without OpenBLAS.
  struct Chooser {
    let canChange: Bool
    /// Switches to the kernels of this name, or to those that OpenBLAS picks if nil; returns the
    /// name of those in use afterwards.
    let change: (String?) -> String
    /// Whether the kernels in use compute correct results.
    let isRight: () -> Bool
  }

  /// Takes the best of the processor's kernels that compute correct results; none below OpenBLAS's
  /// own choice unless that one is wrong.
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
    // Better ones, OpenBLAS's own (nil), lesser ones.
    let order: [Named?] =
      fitting.filter { $0.level > level } + [nil] + fitting.filter { $0.level < level }
    for other in order {
      if let other {
        name = blas.change(other.name)
        // A build that lacks the name switches to some other kernels.
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
          + "processor; those for \(name) are used. A newer OpenBLAS may fix it."
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
  /// The instructions that kernels use, in ascending order.
  enum Level: Int, Comparable {
    case sse, avx, avx2, avx512
    static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
  }

  typealias Named = (name: String, level: Level)

  /// The kernels that a processor can run, best first: one for each level, always the same.
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

  /// The level of kernels by OpenBLAS's name for them, in any case; nil for unknown names and those
  /// of other architectures.
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
  /// Their name and who chose them: "SkylakeX (OpenBLAS had taken Prescott)".
  public var description: String {
    switch choice {
    case .byBLAS: name
    case .byEnvironment: "\(name) (OPENBLAS_CORETYPE)"
    case .byPackage(let before): "\(name) (OpenBLAS had taken \(before))"
    }
  }
}
