import CKernels
import Testing

/// The sorting kernels of one type.
private protocol SortedScalar: Comparable, BitwiseCopyable {
  static var sort:
    (UnsafeRawPointer, Int, Bool, UnsafeMutableRawPointer, UnsafeMutableRawPointer)
      -> Void
  { get }
  static var sortPositions:
    (UnsafeRawPointer, Int, Bool, UnsafeMutableRawPointer, UnsafeMutablePointer<Int32>) -> Void
  { get }
  /// The scalar made of the lowest bits.
  init(lowestBits: UInt64)
  var allBits: UInt64 { get }
}

extension Float: SortedScalar {
  static let sort = loqt_sort_f32
  static let sortPositions = loqt_sort_positions_f32
  init(lowestBits: UInt64) { self.init(bitPattern: UInt32(truncatingIfNeeded: lowestBits)) }
  var allBits: UInt64 { UInt64(bitPattern) }
}
extension Double: SortedScalar {
  static let sort = loqt_sort_f64
  static let sortPositions = loqt_sort_positions_f64
  init(lowestBits: UInt64) { self.init(bitPattern: lowestBits) }
  var allBits: UInt64 { bitPattern }
}
extension Int32: SortedScalar {
  static let sort = loqt_sort_i32
  static let sortPositions = loqt_sort_positions_i32
  init(lowestBits: UInt64) { self.init(truncatingIfNeeded: lowestBits) }
  var allBits: UInt64 { UInt64(UInt32(bitPattern: self)) }
}
extension Int64: SortedScalar {
  static let sort = loqt_sort_i64
  static let sortPositions = loqt_sort_positions_i64
  init(lowestBits: UInt64) { self.init(bitPattern: lowestBits) }
  var allBits: UInt64 { UInt64(bitPattern: self) }
}

extension KernelTests {
  @Suite struct Sorting {
    /// Both kernels at every instruction set, to the bit, against the standard library's stable sort.
    private func check<T: SortedScalar>(
      _ x: [T], descending: Bool, _ what: String,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      func isNaN(_ x: T) -> Bool { !(x == x) }
      let order = x.indices.sorted { i, j in
        if isNaN(x[i]) || isNaN(x[j]) { return isNaN(x[i]) == isNaN(x[j]) ? i < j : isNaN(x[j]) }
        if x[i] == x[j] { return i < j }
        return descending ? x[j] < x[i] : x[i] < x[j]
      }
      let expected = order.map { x[$0].allBits }
      let n = x.count
      _ = atEveryInstructionSet {
        var scratch = [UInt64](repeating: 77, count: 2 * n + 8)
        let sorted = [T](unsafeUninitializedCapacity: n + 1) { room, count in
          room.baseAddress!.initialize(repeating: T(lowestBits: 77), count: n + 1)
          T.sort(x, n, descending, &scratch, room.baseAddress!)
          count = n + 1
        }
        #expect(
          sorted.map(\.allBits) == expected + [77], "\(T.self) \(what) of \(n)",
          sourceLocation: sourceLocation)
        let used = n * MemoryLayout<T>.stride / 8 + 1
        #expect(scratch[used...].allSatisfy { $0 == 77 }, sourceLocation: sourceLocation)
        let positions = [Int32](unsafeUninitializedCapacity: n + 1) { room, count in
          room.baseAddress!.initialize(repeating: 77, count: n + 1)
          T.sortPositions(x, n, descending, &scratch, room.baseAddress!)
          count = n + 1
        }
        #expect(
          positions == order.map { Int32($0) } + [77], "\(T.self) \(what), positions of \(n)",
          sourceLocation: sourceLocation)
        #expect(scratch[(2 * n)...].allSatisfy { $0 == 77 }, sourceLocation: sourceLocation)
      }
    }

    private func checkEveryKind<T: SortedScalar>(_: T.Type) {
      var random = TestRandom(state: 70)
      let top = UInt64(1) << (8 * MemoryLayout<T>.size - 1)
      let infinity = T.self == Float.self ? 0x7f80_0000 : UInt64(0x7ff0_0000_0000_0000)
      // Zeros, ends of the range, infinities and NaN of both signs, neighbours of 0.
      let ends = [0, top, top - 1, top | top - 1, infinity, infinity | top, 1, top | 1]
      // Around the widths of vectors, the networks of 16 to 256, and where digits are counted.
      let sizes = Array(0...70) + [127, 128, 129, 255, 256, 257, 300, 511, 512, 513, 1100, 5000]
      for n in sizes {
        let kinds: [(String, (Int) -> UInt64)] = [
          ("random bits", { _ in random.next() }),
          ("few values", { _ in random.next() % 3 }),
          ("special values", { _ in ends[Int(random.next() % 8)] &+ random.next() % 64 / 60 }),
          ("one value", { _ in 12345 }),
          ("ascending", { UInt64($0) }),
          ("organ pipe", { UInt64(min($0, n - $0)) }),
        ]
        for (name, value) in kinds {
          let x = (0..<n).map { T(lowestBits: value($0)) }
          check(x, descending: false, name)
          check(x, descending: true, name + ", descending")
        }
      }
    }

    @Test("Floats sort like a stable sort")
    func floats() { checkEveryKind(Float.self) }
    @Test("Doubles sort like a stable sort")
    func doubles() { checkEveryKind(Double.self) }
    @Test("Integers of 32 bits sort like a stable sort")
    func int32s() { checkEveryKind(Int32.self) }
    @Test("Integers of 64 bits sort like a stable sort")
    func int64s() { checkEveryKind(Int64.self) }

    /// Numbers of which the sampled ones are always the least that are left, so that pivots remove
    /// next to nothing until the depth is used up.
    @Test("Pivots that are always bad change nothing")
    func badPivots() {
      let n = 1 << 15
      var values = [Int32](repeating: .max, count: n)
      var left = Array(0..<n)
      var next: Int32 = 0
      var pivot: Int?
      for _ in 0..<60 {
        let samples = left.count < 1024 ? 16 : 64
        let step = left.count / samples
        let places = (0..<samples).map { left[step / 2 + $0 * step] }
        var low = places.filter { $0 == pivot }
        for place in places where values[place] == .max && low.count <= samples / 2 {
          values[place] = next
          next += 1
          low.append(place)
        }
        // The largest of them is the next pivot and stays; the last one is below it.
        let gone = Set(low.dropLast() + [pivot].compactMap { $0 })
        pivot = low.last
        left.removeAll { gone.contains($0) }
      }
      var random = TestRandom(state: 71)
      for i in values.indices where values[i] == .max {
        values[i] = next + Int32(random.next() % 1_000_000)
      }
      check(values, descending: false, "bad pivots")
    }
  }
}
