import CKernels
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// All suites that force an instruction set or a thread count, run one after another.
@Suite(.serialized) enum KernelTests {}

/// The levels that this processor has, the plain one first.
let instructionSets: [Int] = [LOQT_PLAIN, LOQT_AVX2, LOQT_AVX512].map { Int($0) }.filter {
  $0 <= Int(loqt_best_instruction_set())
}

/// The result of `run` at every instruction set. Leaves the best one in use.
func atEveryInstructionSet<Result>(_ run: () -> Result) -> [Result] {
  defer { loqt_force_instruction_set(loqt_best_instruction_set()) }
  return instructionSets.map { level in
    loqt_force_instruction_set(Int32(level))
    #expect(Int(loqt_instruction_set()) == level)
    return run()
  }
}

/// The result of `run`, after checking that all instruction sets give exactly the same bits.
func sameAtEveryInstructionSet<T: KernelScalar>(
  _ what: String, _ run: () -> [T], sourceLocation: SourceLocation = #_sourceLocation
) -> [T] {
  let results = atEveryInstructionSet(run)
  for (level, result) in zip(instructionSets, results).dropFirst() {
    #expect(
      zip(result, results[0]).allSatisfy { $0.sameBits(as: $1) },
      "\(what) differs between the plain build and level \(level)", sourceLocation: sourceLocation)
  }
  return results[0]
}

/// The `count` scalars that `write` produces, after checking that it wrote no more.
func produced<T: KernelScalar>(
  _ count: Int, sourceLocation: SourceLocation = #_sourceLocation,
  by write: (UnsafeMutablePointer<T>) -> Void
) -> [T] {
  var room = [T](repeating: 77, count: count + 20)
  room.withUnsafeMutableBufferPointer { write($0.baseAddress!) }
  #expect(room[count...].allSatisfy { $0 == 77 }, sourceLocation: sourceLocation)
  return Array(room[..<count])
}

/// SplitMix64: random enough for inputs, and the same in every run.
struct TestRandom {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// `count` numbers uniform on [-scale, scale).
  mutating func numbers<T: KernelScalar>(_ count: Int, scale: Double = 1) -> [T] {
    (0..<count).map { _ in T((Double(next() >> 11) * 0x1p-52 - 1) * scale) }
  }
}

func numbers<T: KernelScalar>(_ count: Int, seed: UInt64, scale: Double = 1) -> [T] {
  var random = TestRandom(state: seed)
  return random.numbers(count, scale: scale)
}

/// Sizes around the vector widths of both scalars, and a larger one.
let testSizes = Array(0...35) + [47, 63, 64, 65, 127, 128, 129, 1000]

/// Checks `actual` against `expected` to `units` roundings of each value, or of `floor` where that
/// is larger: the magnitude of the terms that cancel in it.
func expectClose<T: KernelScalar>(
  _ actual: [T], _ expected: [Double], units: Double, floor: Double = 0, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.count == expected.count, sourceLocation: sourceLocation)
  for (i, (a, e)) in zip(actual, expected).enumerated() {
    if e.isNaN && a.isNaN || Double(a) == e { continue }
    let allowed = units * Double(T.ulpOfOne) * max(abs(e), floor, Double(T.leastNormalMagnitude))
    guard abs(Double(a) - e) <= allowed else {
      Issue.record("\(what)[\(i)] is \(a), expected \(e)", sourceLocation: sourceLocation)
      return
    }
  }
}

/// The kernels of one scalar type, so that every test runs on both.
protocol KernelScalar: BinaryFloatingPoint, Sendable {
  typealias In = UnsafePointer<Self>
  typealias Out = UnsafeMutablePointer<Self>

  func sameBits(as other: Self) -> Bool
  static var binary: (Int32, In, Int, In, Int, Out, Int) -> Void { get }
  static var unary: (Int32, In, Out, Int) -> Void { get }
  static var unaryGradient: (Int32, In, In, Out, Int) -> Void { get }
  static var scaleAdd: (Self, In, Self, Out, Int) -> Void { get }
  static var binaryRows: (Int32, In, In, Out, Int, Int) -> Void { get }
  static var fill: (Self, Out, Int) -> Void { get }
  static var select: (UnsafePointer<UInt8>, In, In, Out, Int) -> Void { get }
  static var sum: (In, Int) -> Double { get }
  static var dot: (In, In, Int) -> Double { get }
  static var sumOfSquares: (In, Int) -> Double { get }
  static var maximum: (In, Int) -> Self { get }
  static var minimum: (In, Int) -> Self { get }
  static var maximumMagnitude: (In, Int) -> Self { get }
  static var allFinite: (In, Int) -> Bool { get }
  static var addColumnSums: (In, Int, Int, Int, Out) -> Void { get }
  static var softmaxRows: (In, Out, Int, Int) -> Void { get }
  static var softmaxRowsGradient: (In, In, Out, Int, Int) -> Void { get }
  static var logsumexpRows: (In, Out, Int, Int) -> Void { get }
  static var rmsNorm: (In, In, Self, Out, Out, Int, Int) -> Void { get }
  static var rmsNormGradient: (In, In, In, In, Out, Out, Int, Int) -> Void { get }
  static var layerNorm: (In, In, In?, Self, Out, Out, Out, Int, Int) -> Void { get }
  static var layerNormGradient: (In, In, In, In, In, Out, Out, Out, Int, Int) -> Void { get }
  static var swiglu: (In, In, Out, Int) -> Void { get }
  static var swigluGradient: (In, In, In, Out, Out, Int) -> Void { get }
  static var rotary: (Out, UnsafePointer<Int32>, In, In, Self, Int, Int, Int, Int) -> Void { get }
  static var crossEntropyRows: (Out, UnsafePointer<Int32>, Int32, Self, Bool, Out, Int, Int) -> Void
  { get }
  static var gatherRows: (In, UnsafePointer<Int32>, Out, Int, Int) -> Void { get }
  static var scatterAddRows: (In, UnsafePointer<Int32>, Out, Int, Int) -> Void { get }
  static var transpose: (In, Int, Out, Int, Int, Int) -> Void { get }
}
