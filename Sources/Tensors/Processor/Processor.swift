internal import CKernels

/// The processor that the program runs on.
public struct Processor: Hashable, Sendable {
  /// Instructions that both processor and operating system support; none except on x86-64.
  public struct Features: OptionSet, Hashable, Sendable {
    /// The bits, one for each feature.
    public let rawValue: Int32
    /// The features with these bits.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Vectors of 256 bits.
    public static let avx = Features(LOQT_HAS_AVX)
    /// Multiplication and addition in one.
    public static let fma = Features(LOQT_HAS_FMA)
    /// Conversion of 16-bit floats.
    public static let f16c = Features(LOQT_HAS_F16C)
    /// Integers in vectors of 256 bits.
    public static let avx2 = Features(LOQT_HAS_AVX2)
    /// Products of 8-bit integers in vectors of 256 bits.
    public static let avxVNNI = Features(LOQT_HAS_AVX_VNNI)
    /// Vectors of 512 bits: AVX-512 F, CD, BW, DQ and VL together.
    public static let avx512 = Features(LOQT_HAS_AVX512)
    /// Products of 8-bit integers in vectors of 512 bits.
    public static let avx512VNNI = Features(LOQT_HAS_AVX512_VNNI)
    /// Products of bfloat16 in vectors of 512 bits.
    public static let avx512BF16 = Features(LOQT_HAS_AVX512_BF16)
    /// Arithmetic on 16-bit floats in vectors of 512 bits.
    public static let avx512FP16 = Features(LOQT_HAS_AVX512_FP16)
    /// Products of 8-bit integers in tiles.
    public static let amxInt8 = Features(LOQT_HAS_AMX_INT8)
    /// Products of bfloat16 in tiles.
    public static let amxBF16 = Features(LOQT_HAS_AMX_BF16)

    private init(_ bit: some BinaryInteger) { self.init(rawValue: Int32(bit)) }

    private static let named: [(Features, String)] = [
      (.avx, "avx"), (.fma, "fma"), (.f16c, "f16c"), (.avx2, "avx2"), (.avxVNNI, "avx-vnni"),
      (.avx512, "avx512"), (.avx512VNNI, "avx512-vnni"), (.avx512BF16, "avx512-bf16"),
      (.avx512FP16, "avx512-fp16"), (.amxInt8, "amx-int8"), (.amxBF16, "amx-bf16"),
    ]

    /// The names of the features present, such as "avx512-vnni".
    public var names: [String] { Self.named.filter { contains($0.0) }.map(\.1) }
  }

  /// The brand string of the processor, or its architecture.
  public var name: String
  /// Its vendor as reported by CPUID, "GenuineIntel" or "AuthenticAMD"; empty except on x86-64.
  public var maker: String
  /// Family, model and stepping as reported by CPUID; 0 except on x86-64.
  public var family: Int, model: Int, stepping: Int
  /// Its vector instructions.
  public var features: Features
  /// KiB of L2 cache of a core; 0 if not reported.
  public var secondCache: Int
  /// The same by the CPUID leaf that OpenBLAS reads, which some virtual machines leave empty.
  var secondCacheReadByBLAS: Int

  /// The processor of this machine.
  public static let current: Processor = {
    let told = loqt_this_processor()
    // Drops trademark signs and runs of spaces.
    let name = text(told.name).replacing("(R)", with: "").replacing("(TM)", with: "")
      .split(separator: " ").joined(separator: " ")
    return Processor(
      name: name.isEmpty ? architecture : name, maker: text(told.maker), family: Int(told.family),
      model: Int(told.model), stepping: Int(told.stepping),
      features: Features(rawValue: told.features), secondCache: Int(told.second_cache),
      secondCacheReadByBLAS: Int(told.second_cache_read_by_openblas))
  }()

  private static var architecture: String {
    #if arch(x86_64)
      "x86-64"
    #elseif arch(arm64)
      "arm64"
    #else
      "unknown"
    #endif
  }

  /// The characters of a C array up to its first zero.
  private static func text<Characters>(_ characters: Characters) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

extension Processor: CustomStringConvertible {
  /// Its name, with family and model where there are some: "Intel Xeon Processor (family 6, model 207)".
  public var description: String {
    family == 0 ? name : "\(name) (family \(family), model \(model))"
  }
}
