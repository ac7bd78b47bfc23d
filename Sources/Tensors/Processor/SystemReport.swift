internal import CKernels
internal import COpenBLAS

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What this machine has for numerical work, what of it is used, and what is wrong with it.
public struct SystemReport: Sendable, Codable {
  /// A measured rate beside the rate that the hardware could reach.
  public struct Speed: Sendable, Codable {
    /// What was done.
    public var name: String
    /// "GFLOP/s" or "GB/s".
    public var unit: String
    /// The number of threads.
    public var threads: Int
    /// The best rate of several tries.
    public var measured: Double
    /// What the instruction set reaches in registers, in the same minute; nil if not compared.
    public var possible: Double?

    /// A rate that was measured elsewhere.
    public init(name: String, unit: String, threads: Int, measured: Double, possible: Double?) {
      (self.name, self.unit, self.threads) = (name, unit, threads)
      (self.measured, self.possible) = (measured, possible)
    }
  }

  /// Something that costs speed or correctness, and its remedy.
  public struct Finding: Sendable, Codable, Hashable {
    /// One sentence.
    public var problem: String
    /// One sentence, with the command where there is one.
    public var remedy: String
  }

  /// The processor, with family and model.
  public var processor: String
  /// Its vector instructions.
  public var features: [String]
  /// The instructions of this package's own kernels: "plain", "avx2" or "avx512".
  public var instructionSet: String
  /// KiB of L2 cache of a core; 0 if not reported.
  public var secondCache: Int
  /// OpenBLAS's version and how it was built, in its own words.
  public var openBLAS: String
  /// "serial", "pthread" or "openmp".
  public var flavour: String
  /// The kernels in use and who chose them.
  public var kernels: String
  /// The number of threads that an operation uses.
  public var threads: Int
  /// What limits that number.
  public var limits: ThreadLimits
  /// Bytes of a page of memory.
  public var pageSize: Int
  /// When the system gives out huge pages: "always", "madvise", "never" or "unknown".
  public var hugePages: String
  /// The load average of the last minute, in processors; nil if not reported.
  public var load: Double?
  /// What was measured; empty before `measure()`.
  public var speeds: [Speed] = []
  /// What is wrong; empty if nothing is.
  public var findings: [Finding]
}

extension Threads {
  /// What this machine has for numerical work, without measuring: takes a few milliseconds.
  public static var report: SystemReport { SystemReport(files: SystemFiles()) }
}

extension SystemReport {
  init(files: SystemFiles) {
    let kernels = BLASKernels.current
    let current = Processor.current
    processor = current.description
    features = current.features.names
    instructionSet = Self.name(ofInstructionSet: loqt_instruction_set())
    secondCache = current.secondCache
    openBLAS = openblas_get_config().map { String(cString: $0) } ?? "unknown"
    flavour = ["serial", "pthread", "openmp"][max(0, min(2, Int(openblas_get_parallel())))]
    self.kernels = kernels.description
    threads = Threads.count
    limits = .current
    pageSize = sysconf(Int32(_SC_PAGESIZE))
    let choices = files.text("/sys/kernel/mm/transparent_hugepage/enabled") ?? ""
    hugePages =
      choices.split(separator: "[").last?.split(separator: "]").first.map(String.init) ?? "unknown"
    load = files.text("/proc/loadavg")?.split(separator: " ").first.flatMap { Double($0) }
    findings = []
    findings = Self.findings(in: self, kernels: kernels, current)
  }

  private static func name(ofInstructionSet level: Int32) -> String {
    level >= LOQT_AVX512 ? "avx512" : level >= LOQT_AVX2 ? "avx2" : "plain"
  }

  private static func findings(
    in report: SystemReport, kernels: BLASKernels, _ processor: Processor
  ) -> [Finding] {
    var list: [Finding] = []
    func add(_ problem: String, _ remedy: String) {
      list.append(Finding(problem: problem, remedy: remedy))
    }
    if let notice = kernels.notice {
      // The first sentence is the problem, the rest the remedy.
      let sentences = notice.split(separator: ". ", maxSplits: 1).map(String.init)
      add(sentences[0] + (sentences.count > 1 ? "." : ""), sentences.count > 1 ? sentences[1] : "")
    } else if let best = BLASKernels.kernels(for: processor).first,
      let level = BLASKernels.level(of: kernels.name), level < best.level
    {
      add(
        "OpenBLAS uses its kernels for \(kernels.name), because OPENBLAS_CORETYPE says so; those "
          + "for \(best.name) use all that this processor has.",
        "unset OPENBLAS_CORETYPE")
    }
    if report.flavour == "serial", report.threads > 1 {
      add(
        "This OpenBLAS has no threads of its own: decompositions of large matrices use one core.",
        "apt-get install libopenblas0-pthread")
    }
    let best = name(ofInstructionSet: loqt_best_instruction_set())
    if report.instructionSet != best {
      add(
        "The package's own kernels use \(report.instructionSet) instructions where the processor "
          + "has \(best).", "unset LOQT_INSTRUCTION_SET")
    }
    let limits = report.limits
    if report.threads < limits.cores {
      let cause = limits.variables.min { $0.value < $1.value }.map { "\($0.key)=\($0.value)" }
      if let cause {
        add(
          "\(report.threads) of \(limits.cores) cores are used, because of \(cause).",
          "unset \(cause.prefix { $0 != "=" }), or give --threads \(limits.cores)")
      }
    }
    if let quota = limits.quota, quota < Double(limits.cores) {
      add(
        "The control group allows \(quota) of \(limits.cores) cores.",
        "Raise the container's limit, for example with docker run --cpus=\(limits.cores).")
    }
    if report.hugePages == "never" {
      add(
        "The system gives no huge pages, so large buffers cost more TLB misses and page faults.",
        "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled")
    }
    // Kernels from Haswell's on do not ask for it.
    if let level = BLASKernels.level(of: kernels.name), level < .avx2,
      processor.secondCacheReadByBLAS == 0,
      SystemFiles.variable("OPENBLAS_L2_SIZE") == nil
    {
      let size = processor.secondCache > 0 ? processor.secondCache : 1_024
      add(
        "The virtual machine hides the size of the L2 cache, which OpenBLAS takes to be 256 KiB.",
        "export OPENBLAS_L2_SIZE=\(size)")
    }
    if let load = report.load, load > Double(limits.processors) * 0.5 {
      add(
        "Other programs keep about \(Int(load.rounded())) of \(limits.processors) processors busy.",
        "Measure again when they are done; until then --threads 1 may be no slower.")
    }
    #if DEBUG
      add("This is a debug build, in which numbers are slow.", "swift build -c release")
    #endif
    return list
  }
}

// MARK: - Measuring

extension SystemReport {
  /// Measures products in both precisions, on one thread and on all, beside what the instruction
  /// set reaches in registers, and the reading of memory. Takes a second or two.
  public mutating func measure() {
    for threads in threads > 1 ? [1, threads] : [1] {
      measure(Float.self, "products in float", threads, isWide: false)
      measure(Double.self, "products in double", threads, isWide: true)
    }
    // Larger than the caches of most processors.
    let large = Tensor<Float>.zeros([64 << 20])
    add(
      Speed(
        name: "reading 256 MiB", unit: "GB/s", threads: threads,
        measured: Self.best(of: 5, work: 4 * 64 / 1_000 * 1.048576) { _ = large.sum() },
        possible: nil))
    if let float = speeds.last(where: { $0.unit == "GFLOP/s" && $0.name.hasSuffix("float") }),
      let possible = float.possible, float.measured < 0.4 * possible
    {
      findings.append(
        Finding(
          problem: "Products in float reach \(Int(100 * float.measured / possible)) % of what the "
            + "instruction set gives.",
          remedy: "See what else is running (top), and whether OpenBLAS's kernels fit."))
    }
  }

  /// Appends a rate.
  public mutating func add(_ speed: Speed) { speeds.append(speed) }

  /// The best rate, in billions per second, of some tries of a body that does `work` billion
  /// operations or reads as many bytes.
  public static func best(of tries: Int, work: Double, _ body: () -> Void) -> Double {
    var best = 0.0
    let clock = ContinuousClock()
    for _ in 0..<tries { best = max(best, work / (clock.measure(body) / .seconds(1))) }
    return best
  }

  private mutating func measure<Scalar: RealScalar>(
    _: Scalar.Type, _ name: String, _ threads: Int, isWide: Bool
  ) {
    let (rows, inner, columns) = (512, 1_024, 1_376)
    let before = Threads.count
    Threads.count = threads
    defer { Threads.count = before }
    let a = Tensor<Scalar>.ones([rows, inner])
    let b = Tensor<Scalar>.ones([columns, inner]).transposed()
    var peak = 0.0
    var rate = 0.0
    // Interleaved, because other programs come and go.
    for _ in 0..<4 {
      peak = max(peak, loqt_register_peak(isWide, 400_000))
      let work = 2e-9 * Double(rows * inner * columns)
      rate = max(rate, Self.best(of: 3, work: work) { _ = matmul(a, b) })
    }
    add(
      Speed(
        name: name, unit: "GFLOP/s", threads: threads, measured: rate,
        possible: peak * Double(threads)))
  }
}
