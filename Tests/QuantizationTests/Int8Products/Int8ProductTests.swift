import CKernels
import Tensors
import Testing

@testable import Quantization

@Suite(.serialized) struct Int8ProductTests {
  /// Tokens, out, in: more than the few rows that are multiplied in floats, whole tiles and parts of
  /// them, several panels in both directions.
  static let sizes = [
    (9, 1, 1), (16, 16, 64), (17, 48, 100), (33, 70, 130), (40, 33, 63), (10, 300, 1100),
    (31, 15, 2049), (48, 530, 192),
  ]

  @Test("x Wᵀ has the bits of its definition on every instruction set", arguments: sizes)
  func definition(tokens: Int, out: Int, inner: Int) {
    let x = normal([tokens, inner], seed: 2)
    for format: WeightFormat in [
      .nf4(), .fp4(blockSize: 32), .affine(AffineScheme(bits: .eight)), .gguf(.q4_1),
    ] {
      let w = StoredMatrix(storing: normal([out, inner]), as: format)
      let expected = Int8Reference.productTransposed(
        x, w.dequantized(), top: format.largestCode)
      withEveryInstructionSet { level in
        withEveryInt8Unit { unit in
          let y = matmulTransposed(x, w, arithmetic: .int8)
          #expect(bits(y) == bits(expected), "\(format), level \(level), unit \(unit)")
        }
      }
    }
  }

  @Test("d W is the same on every instruction set and by any number of threads", arguments: sizes)
  func sameEverywhere(tokens: Int, out: Int, inner: Int) {
    let count = Threads.count
    defer { Threads.count = count }
    let d = normal([tokens, out], seed: 3)
    let w = StoredMatrix(storing: normal([out, inner]), as: .nf4())
    let expected = matmul(d, w, arithmetic: .int8)
    #expect(relativeError(expected, exactProduct(d, w.dequantized())) < 0.02)
    withEveryInstructionSet { level in
      withEveryInt8Unit { unit in
        let dx = matmul(d, w, arithmetic: .int8)
        #expect(bits(dx) == bits(expected), "level \(level), unit \(unit)")
      }
    }
    for threads in [1, 2, 3] {
      Threads.count = threads
      let dx = matmul(d, w, arithmetic: .int8)
      #expect(bits(dx) == bits(expected), "\(threads) threads")
    }
  }

  /// Rounding to the nearest of 127 steps adds an error of a step over √12 to each element; a step is
  /// 1/127 of the largest of 64 normal numbers, 2.4 standard deviations: 0.0055. W adds what is left
  /// of its format's own levels.
  @Test(
    "x Wᵀ of normal numbers is off by less than 0.8 %",
    arguments: ["nf4-64-double", "fp4-64", "q4_0", "int4-symmetric-group64", "q8_0"])
  func errorOfOutput(name: String) {
    let w = StoredMatrix(storing: normal([192, 640]), as: WeightFormat(name: name)!)
    let x = normal([160, 640], seed: 2)
    let error = relativeError(
      matmulTransposed(x, w, arithmetic: .int8), exactProduct(x, w.dequantized().transposed()))
    #expect(error > 0.004 && error < 0.008)
  }

  /// Rounding at random has twice the variance; W is rounded to nearest.
  @Test("d W of normal numbers is off by less than 1.1 %", arguments: ["nf4-64-double", "q8_0"])
  func errorOfGradient(name: String) {
    let w = StoredMatrix(storing: normal([640, 192]), as: WeightFormat(name: name)!)
    let d = normal([160, 640], seed: 2)
    let error = relativeError(
      matmul(d, w, arithmetic: .int8), exactProduct(d, w.dequantized()))
    #expect(error > 0.006 && error < 0.011)
  }

  /// A matrix of -1, 0 and 1 is not rounded, so all error is that of d. Equal rows draw
  /// differently; each sum has an error that rounding at random makes independent.
  @Test("The rounding of d has no bias")
  func unbiased() {
    let (tokens, out, inner) = (4096, 96, 40)
    let signs = (0..<out * inner).map { Float([-1, 0, 1, 1, 0, -1, -1][$0 * $0 % 7]) }
    let w = StoredMatrix(
      storing: Tensor(signs, shape: [out, inner]),
      as: .affine(AffineScheme(bits: .eight, grouping: .tensor)))
    let one = normal([1, out], seed: 5)
    let d = Tensor(
      (0..<tokens).flatMap { _ in one.scalars }, shape: [tokens, out])
    let dx = matmul(d, w, arithmetic: .int8).scalars
    let exact = exactProduct(one, w.dequantized()).scalars
    var squares = 0.0
    for c in 0..<inner {
      let errors = (0..<tokens).map { Double(dx[$0 * inner + c]) - exact[c] }
      let mean = errors.reduce(0, +) / Double(tokens)
      let variance =
        errors.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(tokens * (tokens - 1))
      #expect(variance > 0)
      squares += mean * mean / variance
    }
    // A sum of 40 squares of standard normal numbers: 40, with a standard deviation of 9.
    #expect(squares < 40 + 5 * 9)
  }

  @Test("An element becomes one of its two neighbours, each as often as its distance says")
  func neighbours() {
    let row: [Float] = [127, 0.25, -0.25, 100.75, -126.5, 3, 0] + Array(repeating: 0, count: 60)
    var counts = Array(repeating: [Int8: Int](), count: row.count)
    for first in 0..<2000 {
      var draws = loqt_draws(key: 1, stream: 2, counter: UInt64(first))
      var tiles = Array(repeating: loqt_int8_rows(), count: 2)
      loqt_int8_round(row, row.count, 1, row.count, 1, &draws, &tiles)
      withUnsafeBytes(of: tiles[0].codes.0) { codes in
        for k in 0..<64 { counts[k][codes.bindMemory(to: Int8.self)[k], default: 0] += 1 }
      }
      #expect(tiles[0].scales.0 == 1)
    }
    for (k, x) in row.prefix(7).enumerated() {
      let (below, above) = (Int8(x.rounded(.down)), Int8(x.rounded(.up)))
      #expect(Set(counts[k].keys).isSubset(of: [below, above]), "\(x)")
      let share = Float(counts[k][above]!) / 2000
      // Five standard deviations of a share of 2,000.
      #expect(abs(share - (below == above ? 1 : x - x.rounded(.down))) < 0.06, "\(x)")
    }
  }

  @Test("The same d gives the same bits, another one other draws")
  func determined() {
    let w = NF4Tensor(quantizing: normal([96, 64]))
    let d = normal([12, 96], seed: 2)
    #expect(bits(matmul(d, w, arithmetic: .int8)) == bits(matmul(d, w, arithmetic: .int8)))
    var changed = d
    // Far below a step, so that only the draws can differ.
    changed[0, 95] += 1e-7
    let (before, after) = (matmul(d, w, arithmetic: .int8), matmul(changed, w, arithmetic: .int8))
    #expect(before.sliced(1..<12) == after.sliced(1..<12))
    let moved = zip(before.sliced(0..<1).scalars, after.sliced(0..<1).scalars)
      .filter { abs($0 - $1) > 1e-6 }
    #expect(moved.count > 32)
  }

  @Test("Accumulating scales both terms")
  func accumulation() {
    let w = NF4Tensor(quantizing: normal([300, 1100]))
    let x = normal([12, 1100], seed: 2)
    let old = normal([12, 300], seed: 4)
    var y = old
    y.addProductTransposed(x, w, scale: 2, keeping: -0.5, arithmetic: .int8)
    let expected = Int8Reference.productTransposed(
      x, w.dequantized(), top: 112, scale: 2, keeping: -0.5, old)
    #expect(bits(y) == bits(expected))
    var dx = Tensor<Float>(repeating: .nan, shape: [12, 1100])
    dx.addProduct(old, w, scale: 2, keeping: 0, arithmetic: .int8)
    #expect(relativeError(dx, exactProduct(old, w.dequantized()) * 2) < 0.011)
  }

  @Test(
    "A row that is not finite gives a row of NaN and changes no other",
    arguments: [
      Float.nan, .infinity, -.infinity,
    ])
  func notFinite(bad: Float) {
    let w = NF4Tensor(quantizing: normal([96, 200]))
    let x = normal([20, 200], seed: 2)
    var broken = x
    broken[3, 77] = bad
    withEveryInstructionSet { _ in
      let (y, z) = (
        matmulTransposed(x, w, arithmetic: .int8), matmulTransposed(broken, w, arithmetic: .int8)
      )
      let isBroken = z.sliced(3..<4).scalars.allSatisfy(\.isNaN)
      #expect(isBroken)
      #expect(bits(z.sliced(0..<3)) == bits(y.sliced(0..<3)))
      #expect(bits(z.sliced(4..<20)) == bits(y.sliced(4..<20)))
      let dx = matmul(
        broken.transposed().copied(), NF4Tensor(quantizing: normal([20, 40])),
        arithmetic: .int8)
      let isBrokenBack = dx.sliced(77..<78).scalars.allSatisfy(\.isNaN)
      #expect(isBrokenBack)
      #expect(dx.sliced(0..<77).isFinite && dx.sliced(78..<200).isFinite)
    }
  }

  @Test("A block of a matrix that is not finite gives NaN where it is read")
  func brokenMatrix() {
    var values = normal([32, 128])
    values[5, 70] = .nan
    let w = NF4Tensor(quantizing: values, doubleQuantized: false)
    let y = matmulTransposed(normal([12, 128], seed: 2), w, arithmetic: .int8)
    for r in 0..<12 { for c in 0..<32 { #expect(y[r, c].isNaN == (c == 5)) } }
    let dx = matmul(normal([12, 32], seed: 2), w, arithmetic: .int8)
    for r in 0..<12 { for c in 0..<128 { #expect(dx[r, c].isNaN == (c >= 64)) } }
  }

  @Test("Zeros and numbers too small for a scale give 0; large ones do not overflow")
  func extremes() {
    let w = NF4Tensor(quantizing: normal([32, 64]))
    #expect(matmulTransposed(.zeros([12, 64]), w, arithmetic: .int8) == .zeros([12, 32]))
    let tiny = normal([12, 64]) * 1e-37
    #expect(matmulTransposed(tiny, w, arithmetic: .int8) == .zeros([12, 32]))
    let large = normal([12, 64], seed: 2) * 1e36
    #expect(
      relativeError(
        matmulTransposed(large, w, arithmetic: .int8),
        exactProduct(large, w.dequantized().transposed())) < 0.008)
  }

  @Test("A few rows are multiplied in floats, and so is a dense matrix")
  func floats() {
    let w = NF4Tensor(quantizing: normal([96, 64]))
    let x = normal([8, 64], seed: 2)
    #expect(matmulTransposed(x, w, arithmetic: .int8) == matmulTransposed(x, w))
    let dense = StoredMatrix.dense(normal([96, 64]))
    let many = normal([40, 64], seed: 2)
    #expect(matmulTransposed(many, dense, arithmetic: .int8) == matmulTransposed(many, dense))
  }

  @Test("Leading axes are kept; empty sides give zeros or nothing")
  func shapes() {
    let w = NF4Tensor(quantizing: normal([12, 20]))
    let x = normal([4, 3, 20])
    #expect(matmulTransposed(x, w, arithmetic: .int8).shape == [4, 3, 12])
    #expect(
      matmulTransposed(x, w, arithmetic: .int8).asRows()
        == matmulTransposed(x.asRows(), w, arithmetic: .int8))
    let none = NF4Tensor(quantizing: .zeros([0, 5]))
    #expect(matmul(.zeros([12, 0]), none, arithmetic: .int8) == .zeros([12, 5]))
    #expect(matmulTransposed(normal([12, 5]), none, arithmetic: .int8).shape == [12, 0])
  }
}
