import CKernels
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension KernelTests {
  @Suite struct Rows {
    static let shapes = [(0, 4), (1, 1), (3, 5), (2, 16), (5, 31), (4, 33), (18, 100), (2, 2049)]

    static func logsumexp(_ row: ArraySlice<Double>) -> Double {
      let top = row.max()!
      return top + log(row.reduce(0) { $0 + exp($1 - top) })
    }

    func softmax<T: KernelScalar>(_: T.Type) {
      for (rows, cols) in Self.shapes {
        let x: [T] = numbers(rows * cols, seed: 30, scale: 10)
        let exact = x.map { Double($0) }
        let totals = (0..<rows).map { Self.logsumexp(exact[$0 * cols..<($0 + 1) * cols]) }
        let y = sameAtEveryInstructionSet("softmax") {
          produced(rows * cols) { T.softmaxRows(x, $0, rows, cols) }
        }
        let expected = exact.indices.map { exp(exact[$0] - totals[$0 / cols]) }
        // x - maximum is rounded at up to 20, hence 20 roundings of the result. The expectation is
        // rounded in double, which in double counts as much again.
        expectClose(y, expected, units: T.self == Double.self ? 48 : 24, "softmax")
        let inPlace = sameAtEveryInstructionSet("softmax in place") {
          produced(rows * cols) {
            $0.update(from: x, count: rows * cols)
            T.softmaxRows($0, $0, rows, cols)
          }
        }
        #expect(inPlace == y)
        let sums = sameAtEveryInstructionSet("logsumexp") {
          produced(rows) { T.logsumexpRows(x, $0, rows, cols) }
        }
        expectClose(sums, totals, units: 4, floor: 1, "logsumexp")

        let g: [T] = numbers(rows * cols, seed: 31)
        let dx = sameAtEveryInstructionSet("softmax gradient") {
          produced(rows * cols) { T.softmaxRowsGradient(y, g, $0, rows, cols) }
        }
        let gradient = exact.indices.map { (i: Int) -> Double in
          let begin = i / cols * cols
          var mean = 0.0
          for j in begin..<begin + cols { mean += Double(y[j]) * Double(g[j]) }
          return Double(y[i]) * (Double(g[i]) - mean)
        }
        expectClose(dx, gradient, units: 4, floor: 1, "softmax gradient")
      }
    }

    @Test("Softmax agrees with its definition")
    func softmaxDefinition() {
      softmax(Float.self)
      softmax(Double.self)
    }

    @Test("Rows with infinities follow the limits")
    func infinities() {
      let masked: [Float] = [0, -.infinity, 0, -.infinity]
      #expect(produced(4) { Float.softmaxRows(masked, $0, 1, 4) } == [0.5, 0, 0.5, 0])
      // As in PyTorch and SciPy: a row with infinity gives NaN.
      let endless = produced(3) { Float.softmaxRows([1, .infinity, 2], $0, 1, 3) }
      #expect(endless.allSatisfy { $0.isNaN })
      let none = [Float](repeating: -.infinity, count: 4)
      #expect(produced(1) { Float.logsumexpRows(none, $0, 1, 4) } == [-.infinity])
      #expect(produced(1) { Float.logsumexpRows([1, .infinity], $0, 1, 2) } == [.infinity])
      #expect(produced(1) { Float.logsumexpRows([1, .nan], $0, 1, 2) }[0].isNaN)
    }

    func crossEntropy<T: KernelScalar>(_: T.Type) {
      for (rows, cols) in Self.shapes {
        let x: [T] = numbers(rows * cols, seed: 32, scale: 6)
        let labels = (0..<rows).map { Int32($0 % 3 == 2 ? -100 : $0 * 7 % cols) }
        let exact = x.map { Double($0) }
        let scale: T = 0.125
        func run(_ writes: Bool) -> [T] {
          sameAtEveryInstructionSet("cross entropy") {
            produced(rows + rows * cols) {
              $0.update(from: x, count: rows * cols)
              let loss = $0 + rows * cols
              T.crossEntropyRows($0, labels, -100, scale, writes, loss, rows, cols)
            }
          }
        }
        var loss: [Double] = []
        var gradient: [Double] = []
        for r in 0..<rows {
          let row = exact[r * cols..<(r + 1) * cols]
          let total = Self.logsumexp(row)
          loss.append(labels[r] < 0 ? 0 : total - row[r * cols + Int(labels[r])])
          for (c, value) in row.enumerated() {
            let hit: Double = c == Int(labels[r]) ? 1 : 0
            gradient.append(labels[r] < 0 ? 0 : 0.125 * (exp(value - total) - hit))
          }
        }
        let written = run(true)
        let kept = run(false)
        #expect(Array(kept[..<(rows * cols)]) == x)
        expectClose(Array(kept[(rows * cols)...]), loss, units: 8, floor: 1, "loss")
        expectClose(Array(written[(rows * cols)...]), loss, units: 8, floor: 1, "loss")
        expectClose(
          Array(written[..<(rows * cols)]), gradient, units: 16, floor: 0.125, "gradient")
      }
    }

    @Test("Cross entropy skips ignored rows and writes its gradient")
    func ignoredRows() {
      crossEntropy(Float.self)
      crossEntropy(Double.self)
    }

    /// Rows too large for the caches take another path.
    func softmaxOfManyRows<T: KernelScalar>(_: T.Type, rows: Int, cols: Int) {
      let count = rows * cols
      let x: [T] = numbers(count, seed: 42, scale: 10)
      var memory: UnsafeMutableRawPointer?
      posix_memalign(&memory, 64, count * MemoryLayout<T>.stride)
      defer { free(memory) }
      let y = memory!.bindMemory(to: T.self, capacity: count)
      let each = produced(count) { (out: UnsafeMutablePointer<T>) in
        x.withUnsafeBufferPointer { x in
          for r in 0..<rows {
            T.softmaxRows(x.baseAddress! + r * cols, out + r * cols, 1, cols)
          }
        }
      }
      let same = atEveryInstructionSet {
        y.update(repeating: 0, count: count)
        T.softmaxRows(x, y, rows, cols)
        return (0..<count).allSatisfy { y[$0].sameBits(as: each[$0]) }
      }
      #expect(same.allSatisfy { $0 })
    }

    @Test("Softmax of many rows is that of each row")
    func streamedSoftmax() {
      softmaxOfManyRows(Float.self, rows: 1031, cols: 2048)
      softmaxOfManyRows(Double.self, rows: 2049, cols: 520)
      softmaxOfManyRows(Float.self, rows: 1100, cols: 2000)
    }

    /// The formulas of layer normalisation in double, whose sums over the rows start at `start`.
    struct LayerNorm {
      var (y, mean, inverse, dx) = ([Double](), [Double](), [Double](), [Double]())
      var (dw, db): ([Double], [Double])

      init(
        x: [Double], w: [Double], b: [Double], g: [Double], start: [Double], epsilon: Double,
        rows: Int
      ) {
        (dw, db) = (start, start)
        let cols = w.count
        for r in 0..<rows {
          let row = r * cols..<(r + 1) * cols
          let mean = x[row].reduce(0, +) / Double(cols)
          let variance = x[row].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(cols)
          let inverse = 1 / (variance + epsilon).squareRoot()
          let normal = x[row].map { ($0 - mean) * inverse }
          let slopes = zip(g[row], w).map { $0 * $1 }
          let flat = slopes.reduce(0, +) / Double(cols)
          let along = zip(slopes, normal).reduce(0) { $0 + $1.0 * $1.1 } / Double(cols)
          for c in 0..<cols {
            y.append(normal[c] * w[c] + b[c])
            dx.append((slopes[c] - flat - normal[c] * along) * inverse)
            dw[c] += g[r * cols + c] * normal[c]
            db[c] += g[r * cols + c]
          }
          self.mean.append(mean)
          self.inverse.append(inverse)
        }
      }
    }

    func layerNorm<T: KernelScalar>(_: T.Type, offset: T) {
      let epsilon: T = 1e-5
      for (rows, cols) in Self.shapes {
        let count = rows * cols
        let x: [T] = numbers(count, seed: 37).map { $0 + offset }
        let (w, b): ([T], [T]) = (numbers(cols, seed: 38), numbers(cols, seed: 39))
        let g: [T] = numbers(count, seed: 40)
        let start: [T] = numbers(cols, seed: 41)
        func doubles(_ x: [T]) -> [Double] { x.map { Double($0) } }
        let exact = LayerNorm(
          x: doubles(x), w: doubles(w), b: doubles(b), g: doubles(g), start: doubles(start),
          epsilon: Double(epsilon), rows: rows)
        let all = sameAtEveryInstructionSet("layer_norm") {
          produced(count + 2 * rows) {
            T.layerNorm(x, w, b, epsilon, $0, $0 + count, $0 + count + rows, rows, cols)
          }
        }
        // Roundings of x before its mean is taken away, in units of the largest result.
        let size = 1 + Double(Swift.abs(offset))
        let largest = exact.inverse.max() ?? 1
        expectClose(
          Array(all[..<count]), exact.y, units: 8, floor: size * max(1, largest), "layer_norm")
        let (mean, inverse) = (Array(all[count..<count + rows]), Array(all[(count + rows)...]))
        // The expectation adds up in double, which in double counts as much again.
        expectClose(mean, exact.mean, units: T.self == Double.self ? 64 : 2, floor: size, "mean")
        if cols > 1 { expectClose(inverse, exact.inverse, units: 16 * size, "inverse") }
        let unbiased = sameAtEveryInstructionSet("layer_norm without b") {
          produced(count + 2 * rows) {
            T.layerNorm(x, w, nil, epsilon, $0, $0 + count, $0 + count + rows, rows, cols)
          }
        }
        for i in 0..<count { #expect(unbiased[i] + b[i % cols] == all[i]) }

        let gradients = sameAtEveryInstructionSet("layer_norm_gradient") {
          produced(count + 2 * cols) {
            ($0 + count).update(from: start, count: cols)
            ($0 + count + cols).update(from: start, count: cols)
            T.layerNormGradient(
              x, w, mean, inverse, g, $0, $0 + count, $0 + count + cols, rows, cols)
          }
        }
        let floor = size * max(1, largest) * max(1, largest)
        expectClose(Array(gradients[..<count]), exact.dx, units: 16, floor: floor, "dx")
        expectClose(
          Array(gradients[count..<count + cols]), exact.dw, units: 16, floor: floor, "dw")
        expectClose(Array(gradients[(count + cols)...]), exact.db, units: 16, floor: 8, "db")
        // No mean, however far x is from 0.
        for r in 0..<rows where cols > 1 {
          let sum = gradients[r * cols..<(r + 1) * cols].reduce(0) { $0 + Double($1) }
          #expect(Swift.abs(sum) < floor * Double(cols) * Double(T.ulpOfOne))
        }
      }
    }

    @Test("Layer normalisation and its gradient agree with their formulas")
    func layerNormFormulas() {
      for offset in [0, 100] as [Float] {
        layerNorm(Float.self, offset: offset)
        layerNorm(Double.self, offset: Double(offset))
      }
    }

    func rmsNorm<T: KernelScalar>(_: T.Type) {
      let epsilon: T = 1e-5
      for (rows, cols) in Self.shapes {
        let count = rows * cols
        let x: [T] = numbers(count, seed: 33)
        let w: [T] = numbers(cols, seed: 34)
        let g: [T] = numbers(count, seed: 35)
        let start: [T] = numbers(cols, seed: 36)
        let both = sameAtEveryInstructionSet("rms_norm") {
          produced(count + rows) { T.rmsNorm(x, w, epsilon, $0, $0 + count, rows, cols) }
        }
        let inverse = (0..<rows).map { (r: Int) -> Double in
          var squares = 0.0
          for i in r * cols..<(r + 1) * cols { squares += Double(x[i]) * Double(x[i]) }
          return 1 / (squares / Double(cols) + Double(epsilon)).squareRoot()
        }
        let y = (0..<count).map { (i: Int) -> Double in
          Double(w[i % cols]) * Double(x[i]) * inverse[i / cols]
        }
        // For doubles the order of the sum matters.
        expectClose(Array(both[..<count]), y, units: 16, "rms_norm")
        expectClose(Array(both[count...]), inverse, units: 16, "inverse")

        let kept = Array(both[count...])
        let gradients = sameAtEveryInstructionSet("rms_norm_gradient") {
          produced(count + cols) {
            ($0 + count).update(from: start, count: cols)
            T.rmsNormGradient(x, w, kept, g, $0, $0 + count, rows, cols)
          }
        }
        var dx: [Double] = []
        var dw = start.map { Double($0) }
        for r in 0..<rows {
          let scale = inverse[r]
          var shared = 0.0
          for c in 0..<cols {
            shared += Double(g[r * cols + c]) * Double(w[c]) * Double(x[r * cols + c])
          }
          let pull = shared * scale * scale * scale / Double(cols)
          for c in 0..<cols {
            let (value, slope) = (Double(x[r * cols + c]), Double(g[r * cols + c]))
            dx.append(slope * Double(w[c]) * scale - value * pull)
            dw[c] += slope * value * scale
          }
        }
        let largest = inverse.max() ?? 1
        expectClose(Array(gradients[..<count]), dx, units: 8, floor: largest, "dx")
        expectClose(Array(gradients[count...]), dw, units: 16, floor: largest, "dw")
      }
    }

    @Test("RMS normalisation and its gradient agree with their formulas")
    func rmsNormFormulas() {
      rmsNorm(Float.self)
      rmsNorm(Double.self)
    }
  }
}
