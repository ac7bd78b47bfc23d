import CKernels
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension KernelTests {
  @Suite struct Tables {
    func rotary<T: KernelScalar>(_: T.Type) {
      for (tokens, heads, size) in [(0, 1, 4), (1, 1, 2), (3, 2, 8), (4, 3, 66), (2, 4, 128)] {
        let stride = heads * size + 5
        let h = size / 2
        let x: [T] = numbers(tokens * stride, seed: 50)
        let positions = (0..<tokens).map { Int32(($0 * 5 + 2) % 7) }
        let cosine: [T] = (0..<7 * h).map { T(cos(Double($0 / h) / Double($0 % h + 1))) }
        let sine: [T] = (0..<7 * h).map { T(sin(Double($0 / h) / Double($0 % h + 1))) }
        func turned(_ x: [T], _ direction: T) -> [T] {
          sameAtEveryInstructionSet("rotary") {
            produced(x.count) {
              $0.update(from: x, count: x.count)
              T.rotary($0, positions, cosine, sine, direction, tokens, heads, size, stride)
            }
          }
        }
        var expected = x
        for t in 0..<tokens {
          for k in 0..<heads {
            for i in 0..<h {
              let (low, row) = (t * stride + k * size + i, Int(positions[t]) * h + i)
              expected[low] = x[low] * cosine[row] - x[low + h] * sine[row]
              expected[low + h] = x[low + h] * cosine[row] + x[low] * sine[row]
            }
          }
        }
        #expect(turned(x, 1) == expected)
        // A rotation and its inverse: a few roundings of numbers below 2.
        expectClose(turned(expected, -1), x.map { Double($0) }, units: 4, floor: 2, "rotated back")
      }
    }

    @Test("A rotary embedding rotates pairs and back")
    func rotation() {
      rotary(Float.self)
      rotary(Double.self)
    }

    @Test("Gather and scatter visit rows in order")
    func rowOrder() {
      for cols in [1, 5, 16, 37] {
        let table: [Float] = numbers(6 * cols, seed: 51)
        let index: [Int32] = [3, 0, 5, 3, 3]
        let rows = sameAtEveryInstructionSet("gather") {
          produced(5 * cols) { Float.gatherRows(table, index, $0, 5, cols) }
        }
        #expect(rows == index.flatMap { table[Int($0) * cols..<(Int($0) + 1) * cols] })
        let sums = sameAtEveryInstructionSet("scatter_add") {
          produced(6 * cols) {
            $0.update(from: table, count: 6 * cols)
            Float.scatterAddRows(rows, index, $0, 5, cols)
          }
        }
        var expected = table
        for (i, row) in index.enumerated() {
          for c in 0..<cols { expected[Int(row) * cols + c] += rows[i * cols + c] }
        }
        #expect(sums == expected)
      }
    }

    func transpose<T: KernelScalar>(_: T.Type) {
      for (rows, cols) in [
        (0, 3), (1, 1), (1, 9), (9, 1), (4, 4), (8, 8), (7, 13), (16, 64), (65, 70), (130, 67),
      ] {
        for pad in [0, 3] {
          let (from, to) = (cols + pad, rows + 2 * pad)
          let x: [T] = numbers(rows * from, seed: 52)
          let y = sameAtEveryInstructionSet("transpose") {
            produced(cols * to) { T.transpose(x, from, $0, to, rows, cols) }
          }
          var expected = [T](repeating: 77, count: cols * to)
          for r in 0..<rows { for c in 0..<cols { expected[c * to + r] = x[r * from + c] } }
          #expect(y == expected)
        }
      }
    }

    @Test("A transposition moves every element and no padding")
    func transposition() {
      transpose(Float.self)
      transpose(Double.self)
    }

    /// Above 8 MiB a result that begins at a cache line is written past the caches, except for
    /// leftover columns.
    @Test("A large transposition moves every element", arguments: [(2064, 2048), (2048, 2059)])
    func largeTransposition(rows: Int, cols: Int) {
      let x = (0..<rows * cols).map { Float($0) }
      let raw = UnsafeMutableRawPointer.allocate(byteCount: x.count * 4, alignment: 64)
      defer { raw.deallocate() }
      let y = raw.bindMemory(to: Float.self, capacity: x.count)
      y.initialize(repeating: -1, count: x.count)
      loqt_transpose_f32(x, cols, y, rows, rows, cols)
      let wrong = x.indices.first { y[$0 % cols * rows + $0 / cols] != x[$0] }
      #expect(wrong == nil)
    }

    /// The elements in order, one index at a time.
    static func gathered<T>(_ x: [T], at start: Int, _ shape: [Int], _ strides: [Int]) -> [T] {
      guard let n = shape.first else { return [x[start]] }
      return (0..<n).flatMap {
        gathered(
          x, at: start + $0 * strides[0], Array(shape.dropFirst()), Array(strides.dropFirst()))
      }
    }

    func copyStrided<T: FixedWidthInteger>(_: T.Type) {
      let x = (0..<4096).map { T(truncatingIfNeeded: $0 &* 2_654_435_761) }
      let cases: [(start: Int, shape: [Int], strides: [Int])] = [
        (5, [], []), (0, [7], [1]), (0, [7], [3]), (9, [4], [0]), (30, [5], [-2]),
        (0, [0, 3], [3, 1]),
        (0, [3, 0], [1, 1]), (0, [4, 6], [6, 1]), (0, [6, 4], [1, 6]), (0, [40, 50], [1, 40]),
        (3, [9, 20], [1, 33]), (0, [3, 40, 7], [280, 1, 40]), (0, [5, 6], [0, 1]),
        (0, [5, 6], [1, 0]), (200, [3, 4, 5], [-20, 5, -1]), (0, [2, 1, 3, 1], [50, 9, 2, 7]),
        (0, [2, 3, 4, 5], [60, 20, 5, 1]), (0, [5, 4, 3, 2], [1, 5, 20, 60]),
        (0, [2, 70, 9], [630, 1, 70]), (0, [4, 4], [1, 2]), (0, [8, 8], [1, 1]),
      ]
      for (start, shape, strides) in cases {
        let expected = Self.gathered(x, at: start, shape, strides)
        for result in atEveryInstructionSet({ () -> [T] in
          var y = [T](repeating: 99, count: expected.count + 3)
          x.withUnsafeBufferPointer {
            loqt_copy_strided(
              $0.baseAddress! + start, shape, strides, shape.count, &y, MemoryLayout<T>.size)
          }
          return y
        }) {
          #expect(result == expected + [99, 99, 99], "\(shape) with strides \(strides)")
        }
      }
    }

    @Test("Strided copies of every element size keep the order")
    func stridedCopies() {
      copyStrided(UInt8.self)
      copyStrided(UInt16.self)
      copyStrided(UInt32.self)
      copyStrided(UInt64.self)
    }

    @Test("AdamW takes the step of its formula")
    func adamW() {
      let (lr, beta1, beta2, epsilon, decay, scale) = (0.01, 0.9, 0.999, 1e-8, 0.1, 0.5)
      for n in testSizes {
        let p: [Float] = numbers(n, seed: 53)
        let g: [Float] = numbers(n, seed: 54)
        let m: [Float] = numbers(n, seed: 55, scale: 0.1)
        let v: [Float] = numbers(n, seed: 56, scale: 0.1).map { abs($0) }
        for step in [1, 2, 1000] as [Int64] {
          let all = sameAtEveryInstructionSet("adamw") {
            produced(3 * n) {
              $0.update(from: p, count: n)
              ($0 + n).update(from: m, count: n)
              ($0 + 2 * n).update(from: v, count: n)
              var numbers = loqt_adamw_numbers(
                learning_rate: lr, beta1: beta1, beta2: beta2, epsilon: epsilon, decay: decay,
                step: step, gradient_scale: scale)
              loqt_adamw($0, g, false, $0 + n, $0 + 2 * n, n, &numbers, nil)
            }
          }
          var expected: (p: [Double], m: [Double], v: [Double]) = ([], [], [])
          for i in 0..<n {
            let gradient: Double = scale * Double(g[i])
            let first: Double = beta1 * Double(m[i]) + (1 - beta1) * gradient
            let second: Double = beta2 * Double(v[i]) + (1 - beta2) * gradient * gradient
            let c1: Double = 1 - pow(beta1, Double(step))
            let c2: Double = 1 - pow(beta2, Double(step))
            let root: Double = (second / c2).squareRoot() + epsilon
            expected.m.append(first)
            expected.v.append(second)
            expected.p.append((1 - lr * decay) * Double(p[i]) - lr / c1 * first / root)
          }
          expectClose(Array(all[..<n]), expected.p, units: 3, floor: 1, "p")
          expectClose(Array(all[n..<2 * n]), expected.m, units: 3, floor: 0.1, "m")
          expectClose(Array(all[(2 * n)...]), expected.v, units: 3, floor: 0.1, "v")
        }
      }
    }

    @Test("Memory hints accept any range")
    func memoryHints() {
      var bytes = [UInt8](repeating: 1, count: 100_000)
      loqt_advise_huge_pages(&bytes, bytes.count)
      loqt_advise_huge_pages(&bytes, 0)
      loqt_trim_heap()
      #expect(bytes.allSatisfy { $0 == 1 })
    }
  }
}
