import CKernels
import Testing

@testable import Tensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct BLASKernelsTests {
  /// A fake OpenBLAS that detects one processor, holds some kernels and computes wrongly with
  /// others.
  final class FakeBLAS {
    let detected: String
    let known: [String]
    let wrong: Set<String>
    var name: String
    var changes: [String?] = []

    init(detects name: String, knows known: [String], wrong: Set<String> = []) {
      (detected, self.known, self.wrong, self.name) = (name, known, wrong, name)
    }

    func choose(
      forced: String? = nil, on processor: Processor, canChange: Bool = true
    ) -> BLASKernels {
      BLASKernels.choose(
        forced: forced, on: processor,
        with: .init(
          canChange: canChange,
          change: { [self] wish in
            changes.append(wish)
            name = wish.map { known.contains($0) ? $0 : "Cooperlake" } ?? detected
            return name
          },
          isRight: { [self] in !wrong.contains(name) }),
        loaded: name)
    }
  }

  static let all = ["Prescott", "Sandybridge", "Haswell", "Zen", "SkylakeX", "Cooperlake"]

  static func processor(
    _ features: Processor.Features, maker: String = "GenuineIntel"
  ) -> Processor {
    Processor(
      name: "test", maker: maker, family: 6, model: 207, stepping: 2, features: features,
      secondCache: 2048, secondCacheReadByBLAS: 2048)
  }
  static let wide: Processor.Features = [.avx, .fma, .f16c, .avx2, .avx512]
  static let middle: Processor.Features = [.avx, .fma, .f16c, .avx2]

  @Test(
    "Kernels below the processor's level are replaced by its own",
    arguments: [
      ("Prescott", "GenuineIntel", wide, "SkylakeX"),
      ("Haswell", "GenuineIntel", wide, "SkylakeX"),
      ("Zen", "AuthenticAMD", wide, "SkylakeX"),
      ("Barcelona", "AuthenticAMD", middle, "Haswell"),
      ("Nehalem", "GenuineIntel", middle, "Haswell"),
      ("Prescott", "GenuineIntel", Processor.Features.avx, "Sandybridge"),
    ])
  func raised(
    detected: String, maker: String, features: Processor.Features, expected: String
  ) {
    let blas = FakeBLAS(detects: detected, knows: Self.all)
    let kernels = blas.choose(on: Self.processor(features, maker: maker))
    #expect(kernels.name == expected)
    #expect(kernels.choice == .byPackage(insteadOf: detected))
    #expect(kernels.notice == nil)
    #expect(blas.name == expected)
  }

  @Test(
    "Kernels that fit, or whose rank is unknown, are left alone",
    arguments: [
      ("SkylakeX", wide), ("Cooperlake", wide), ("SapphireRapids", wide), ("Haswell", middle),
      ("Zen", middle), ("Nehalem", []), ("neoversen1", wide), ("armv8", []),
    ] as [(String, Processor.Features)])
  func leftAlone(
    detected: String, features: Processor.Features
  ) {
    let blas = FakeBLAS(detects: detected, knows: Self.all + [detected])
    let kernels = blas.choose(on: Self.processor(features))
    #expect(kernels == BLASKernels(name: detected, choice: .byBLAS, notice: nil))
    #expect(blas.changes.isEmpty)
  }

  @Test("The user's own choice is never changed") func forced() throws {
    let blas = FakeBLAS(detects: "Haswell", knows: Self.all)
    let kernels = blas.choose(forced: "haswell", on: Self.processor(Self.wide))
    #expect(kernels == BLASKernels(name: "Haswell", choice: .byEnvironment, notice: nil))
    #expect(blas.changes.isEmpty)

    let unknown = FakeBLAS(detects: "Prescott", knows: Self.all)
    let notice = try #require(
      unknown.choose(forced: "SkyLark", on: Self.processor(Self.wide)).notice)
    #expect(notice.contains("OPENBLAS_CORETYPE=SkyLark is not a name"))
    #expect(notice.contains("SkylakeX, Haswell, Sandybridge"))
    #expect(unknown.changes.isEmpty)
  }

  @Test("Kernels that fail the self-test give way to the next best, with a notice")
  func wrongKernels() throws {
    let blas = FakeBLAS(detects: "Prescott", knows: Self.all, wrong: ["SkylakeX"])
    let kernels = blas.choose(on: Self.processor(Self.wide))
    #expect(kernels.name == "Haswell")
    #expect(try #require(kernels.notice).contains("SkylakeX give wrong results"))

    let old = FakeBLAS(
      detects: "Prescott", knows: Self.all, wrong: ["SkylakeX", "Haswell", "Sandybridge"])
    let kept = old.choose(on: Self.processor(Self.wide))
    #expect(kept.name == "Prescott" && kept.choice == .byBLAS)
    #expect(old.name == "Prescott" && old.changes.last == .some(nil))
    #expect(try #require(kept.notice).contains("SkylakeX and Haswell and Sandybridge give wrong"))

    let own = FakeBLAS(detects: "SkylakeX", knows: Self.all, wrong: ["SkylakeX"])
    #expect(own.choose(on: Self.processor(Self.wide)).name == "Haswell")

    let none = FakeBLAS(detects: "Prescott", knows: Self.all, wrong: Set(Self.all))
    let last = none.choose(on: Self.processor(Self.wide))
    #expect(last.name == "Prescott")
    #expect(try #require(last.notice).contains("Install another version"))
  }

  @Test("A build that lacks kernels or cannot change them is recognised")
  func limitedBuilds() throws {
    let small = FakeBLAS(detects: "Prescott", knows: ["Prescott", "Haswell"])
    let kernels = small.choose(on: Self.processor(Self.wide))
    #expect(kernels.name == "Haswell" && kernels.notice == nil)

    let fixed = FakeBLAS(detects: "Haswell", knows: Self.all)
    let kept = fixed.choose(on: Self.processor(Self.wide), canChange: false)
    #expect(kept.name == "Haswell" && fixed.changes.isEmpty)
    #expect(try #require(kept.notice).contains("Set OPENBLAS_CORETYPE=SkylakeX before the start"))
    #expect(fixed.choose(on: Self.processor(Self.middle), canChange: false).notice == nil)
  }

  #if os(Linux) && arch(x86_64)
    @Test("The processor is the one that the system sees") func seenBySystem() throws {
      let seen = try #require(contents(of: "/proc/cpuinfo"))
      func field(_ name: String) -> Substring? {
        seen.split(separator: "\n").first { $0.hasPrefix(name + "\t") }?
          .split(separator: ":", maxSplits: 1).last?.drop { $0 == " " }
      }
      let flags = Set(try #require(field("flags")).split(separator: " "))
      let processor = Processor.current
      #expect(field("cpu family").flatMap { Int($0) } == processor.family)
      #expect(field("model").flatMap { Int($0) } == processor.model)
      #expect(field("vendor_id").map(String.init) == processor.maker)
      for (feature, needed) in [
        (.avx, ["avx"]), (.fma, ["fma"]), (.f16c, ["f16c"]), (.avx2, ["avx2"]),
        (.avxVNNI, ["avx_vnni"]),
        (.avx512, ["avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"]),
        (.avx512VNNI, ["avx512_vnni"]), (.avx512BF16, ["avx512_bf16"]),
        (.avx512FP16, ["avx512_fp16"]), (.amxInt8, ["amx_int8"]), (.amxBF16, ["amx_bf16"]),
      ] as [(Processor.Features, [Substring])] {
        #expect(processor.features.contains(feature) == flags.isSuperset(of: needed), "\(needed)")
      }
    }

    @Test("This process has the processor's kernels and its old environment")
    func thisProcess() {
      let kernels = BLASKernels.current
      let forced = getenv("OPENBLAS_CORETYPE").map { String(cString: $0) }
      #expect((kernels.choice == .byEnvironment) == (forced != nil))
      if forced == nil, loqt_openblas_can_choose(), kernels.notice == nil {
        let best = BLASKernels.kernels(for: .current).first?.level ?? .sse
        #expect(BLASKernels.level(of: kernels.name) == best)
      }
    }

    @Test("Every kernel that fits can be used in turn and computes correct results")
    func everyKernel() async {
      // In a process of its own, in which nothing else multiplies.
      await #expect(processExitsWith: .success) {
        _ = BLASKernels.current
        guard loqt_openblas_can_choose() else { return }
        let before = getenv("OPENBLAS_CORETYPE").map { String(cString: $0) }
        for _ in 0..<2 {
          for kernels in BLASKernels.kernels(for: .current) {
            #expect(loqt_openblas_choose(kernels.name))
            #expect(SelfTest.passes, "\(kernels.name)")
          }
        }
        let after = getenv("OPENBLAS_CORETYPE").map { String(cString: $0) }
        #expect(after == before)
      }
    }

    private func contents(of path: String) -> String? {
      guard let file = fopen(path, "r") else { return nil }
      defer { fclose(file) }
      var bytes = [UInt8](repeating: 0, count: 1 << 20)
      let count = fread(&bytes, 1, bytes.count, file)
      return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
  #endif
}
