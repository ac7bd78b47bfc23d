import CKernels
import Testing

extension KernelTests {
  @Suite struct Reductions {
    func sums<T: KernelScalar>(_: T.Type) {
      for n in testSizes + [4099] {
        let x: [T] = numbers(n, seed: 20)
        let y: [T] = numbers(n, seed: 21)
        let results = atEveryInstructionSet {
          [T.sum(x, n), T.dot(x, y, n), T.sumOfSquares(x, n)]
        }
        #expect(results.allSatisfy { $0 == results[0] })
        var expected = [0.0, 0, 0]
        for i in 0..<n {
          let (a, b) = (Double(x[i]), Double(y[i]))
          expected[0] += a
          expected[1] += a * b
          expected[2] += a * a
        }
        // Both sides sum in double; terms are below 1.
        expectClose(results[0], expected, units: Double(n), floor: 1, "sums")
      }
    }

    @Test("Sums run in double precision")
    func doubleSums() {
      sums(Float.self)
      sums(Double.self)
      // 2^24 + 1 is lost in float arithmetic.
      let x: [Float] = [16_777_216, 1, 1, 1]
      #expect(loqt_sum_f32(x, 4) == 16_777_219)
    }

    func extremes<T: KernelScalar>(_: T.Type) {
      for n in testSizes where n > 0 {
        var x: [T] = numbers(n, seed: 22)
        var all: [T] {
          sameAtEveryInstructionSet("extremes") {
            [T.maximum(x, n), T.minimum(x, n), T.maximumMagnitude(x, n), T.allFinite(x, n) ? 1 : 0]
          }
        }
        #expect(all == [x.max()!, x.min()!, x.map { abs($0) }.max()!, 1])
        for place in Set([0, n / 2, n - 1]) {
          let kept = x[place]
          x[place] = -.infinity
          #expect(all == [n == 1 ? -.infinity : x.max()!, -.infinity, .infinity, 0])
          x[place] = .nan
          #expect(all[0].isNaN && all[1].isNaN && all[2].isNaN && all[3] == 0)
          #expect(T.sum(x, n).isNaN && T.dot(x, x, n).isNaN && T.sumOfSquares(x, n).isNaN)
          x[place] = kept
        }
      }
      #expect(T.maximumMagnitude([], 0) == 0 && T.allFinite([], 0))
    }

    @Test("Extremes are found at every place, and NaN propagates")
    func extremePlaces() {
      extremes(Float.self)
      extremes(Double.self)
    }

    func columnSums<T: KernelScalar>(_: T.Type) {
      for (rows, cols, stride) in [
        (0, 3, 3), (1, 1, 1), (3, 5, 7), (4, 16, 16), (9, 33, 40), (30, 2100, 2100),
      ] {
        let x: [T] = numbers(rows * stride, seed: 23)
        let start: [T] = numbers(cols, seed: 24)
        let y = sameAtEveryInstructionSet("add_column_sums") {
          produced(cols) {
            $0.update(from: start, count: cols)
            T.addColumnSums(x, rows, cols, stride, $0)
          }
        }
        let expected = (0..<cols).map { c in
          (0..<rows).reduce(Double(start[c])) { $0 + Double(x[$1 * stride + c]) }
        }
        // For doubles the order of up to 30 terms matters.
        expectClose(y, expected, units: 32, floor: 1, "column sums")
      }
    }

    @Test("Column sums add to what is there")
    func addedColumnSums() {
      columnSums(Float.self)
      columnSums(Double.self)
    }
  }
}
