import Foundation
import Testing

@testable import Tensors

/// The cache and its counts are global to the process, so each of these runs in a process of its
/// own.
@Suite struct TensorMemoryTests {
  static let mebibyte = 1 << 20

  private static func tensor(_ bytes: Int) -> Tensor<UInt8> { .zeros([bytes]) }

  @Test("A freed buffer serves the next tensor of its size class, and no other")
  func reuse() async {
    await #expect(processExitsWith: .success) {
      let mebibyte = TensorMemoryTests.mebibyte
      let before = TensorMemory.cachedBytes
      do { _ = TensorMemoryTests.tensor(24 * mebibyte) }
      #expect(TensorMemory.cachedBytes == before + 24 * mebibyte)
      let larger = TensorMemoryTests.tensor(25 * mebibyte)
      // 25 MiB is the most that tensors have held, so the 24 had to go first.
      #expect(TensorMemory.cachedBytes == before)
      #expect(larger.byteCount == 25 * mebibyte)
    }
    await #expect(processExitsWith: .success) {
      let mebibyte = TensorMemoryTests.mebibyte
      // Room for cached buffers beside live ones.
      do { _ = TensorMemoryTests.tensor(17 * mebibyte) }
      TensorMemory.emptyCache()
      var address: UnsafeRawPointer?
      do {
        let first = TensorMemoryTests.tensor(8 * mebibyte)
        first.withUnsafeBuffer { address = UnsafeRawPointer($0.baseAddress) }
      }
      let larger = TensorMemoryTests.tensor(9 * mebibyte)
      larger.withUnsafeBuffer { #expect(UnsafeRawPointer($0.baseAddress) != address) }
      #expect(TensorMemory.cachedBytes == 8 * mebibyte)
    }
    await #expect(processExitsWith: .success) {
      let mebibyte = TensorMemoryTests.mebibyte
      var address: UnsafeRawPointer?
      do {
        let first = TensorMemoryTests.tensor(8 * mebibyte - 100)
        first.withUnsafeBuffer { address = UnsafeRawPointer($0.baseAddress) }
      }
      let second = TensorMemoryTests.tensor(8 * mebibyte)
      second.withUnsafeBuffer { #expect(UnsafeRawPointer($0.baseAddress) == address) }
      #expect(second.withUnsafeBuffer { $0.allSatisfy { $0 == 0 } })
      #expect(TensorMemory.cachedBytes == 0)
    }
  }

  @Test("Live bytes are those of live tensors, whatever is cached")
  func liveBytes() async {
    await #expect(processExitsWith: .success) {
      let start = TensorMemory.liveBytes
      for size in [100, 256 << 10, 300_001, 5_000_000, 33_000_000] {
        do {
          let x = TensorMemoryTests.tensor(size)
          #expect(TensorMemory.liveBytes - start == (x.byteCount + 63) & ~63)
        }
        #expect(TensorMemory.liveBytes == start)
      }
    }
  }

  @Test("Cached bytes stay within the limit, and within 32 MiB or what live tensors hold")
  func limits() async {
    await #expect(processExitsWith: .success) {
      let mebibyte = TensorMemoryTests.mebibyte
      #expect(TensorMemory.cacheLimit == 256 * mebibyte)
      var many = (0..<40).map { _ in TensorMemoryTests.tensor(16 * mebibyte) }
      while !many.isEmpty {
        many.removeLast()
        let allowed = min(256, max(32, 16 * many.count)) * mebibyte
        #expect(TensorMemory.cachedBytes <= allowed)
        // The buffers freed last are kept as far as allowed.
        #expect(TensorMemory.cachedBytes >= min(allowed, 16 * mebibyte * (40 - many.count)))
      }
      TensorMemory.cacheLimit = 20 * mebibyte
      #expect(TensorMemory.cachedBytes == 16 * mebibyte)
      TensorMemory.emptyCache()
      #expect(TensorMemory.cachedBytes == 0)
      TensorMemory.cacheLimit = 0
      _ = TensorMemoryTests.tensor(16 * mebibyte)
      #expect(TensorMemory.cachedBytes == 0)
    }
  }

  @Test("Live and cached bytes never exceed the most that tensors alone have held")
  func footprint() async {
    await #expect(processExitsWith: .success) {
      let mebibyte = TensorMemoryTests.mebibyte
      var held: [Tensor<UInt8>] = []
      var most = 0
      var state: UInt64 = 1
      for _ in 0..<400 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        if held.count > 12 || (!held.isEmpty && state >> 62 == 0) {
          held.remove(at: Int(state >> 33) % held.count)
        } else {
          held.append(TensorMemoryTests.tensor((Int(state >> 40) % 8 + 1) * mebibyte))
        }
        most = max(most, TensorMemory.liveBytes)
        #expect(TensorMemory.liveBytes + TensorMemory.cachedBytes <= most)
      }
    }
  }

  #if os(Linux)
    @Test("Buffers that leave the cache go back to the system")
    func givenBack() async {
      await #expect(processExitsWith: .success) {
        func resident() -> Int {
          let fields = try! String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
          return Int(fields.split(separator: " ")[1])! * Int(sysconf(Int32(_SC_PAGESIZE)))
        }
        let mebibyte = TensorMemoryTests.mebibyte
        let start = resident()
        var x: Tensor<UInt8>? = TensorMemoryTests.tensor(200 * mebibyte)
        let y = TensorMemoryTests.tensor(200 * mebibyte)
        #expect(resident() - start > 390 * mebibyte)
        x = nil
        #expect(resident() - start > 390 * mebibyte)
        TensorMemory.emptyCache()
        #expect(resident() - start < 210 * mebibyte)
        withExtendedLifetime((x, y)) {}
      }
    }
  #endif

  @Test("Many threads take and give buffers at once, and no two get the same one")
  func concurrent() async {
    await withTaskGroup(of: Bool.self) { group in
      for seed in 1...8 {
        group.addTask {
          (0..<50).allSatisfy { round in
            let x = Tensor<UInt8>(
              repeating: UInt8(seed), shape: [(300 << 10) + (seed * round % 7) << 10])
            return x.withUnsafeBuffer { $0.allSatisfy { $0 == UInt8(seed) } }
          }
        }
      }
      for await correct in group { #expect(correct) }
    }
  }

  @Test("A limit below zero, which a race of two counts can give, empties the cache")
  func limitBelowZero() async {
    await #expect(processExitsWith: .success) {
      do { _ = TensorMemoryTests.tensor(16 * TensorMemoryTests.mebibyte) }
      #expect(TensorMemory.cachedBytes > 0)
      BufferCache.shrink(to: -1)
      #expect(TensorMemory.cachedBytes == 0)
      BufferCache.shrink(to: -1)
    }
  }
}
