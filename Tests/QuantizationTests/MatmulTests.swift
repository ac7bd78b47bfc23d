import Tensors
import Testing

@testable import Quantization

@Suite(.serialized) struct MatmulTests {
  /// Tokens, out, in: odd sizes, rows that share blocks, one panel and several.
  static let sizes = [
    (1, 1, 1), (1, 5, 64), (3, 7, 33), (17, 48, 100), (70, 130, 65), (5, 900, 333), (2, 3, 50_000),
    (30, 1000, 333), (70, 3500, 333),
  ]

  /// A sum of `terms` products differs, however it is ordered, by less than
  /// terms x 2^-23 x the sum of magnitudes (Higham, Accuracy and Stability, 3.1).
  func expectEqual(
    _ a: Tensor<Float>, _ b: Tensor<Float>, magnitudes: Tensor<Float>, terms: Int,
    _ comment: Comment
  ) {
    #expect(a.shape == b.shape, comment)
    let bound = Float(terms) * Float.ulpOfOne
    let fits = zip(zip(a.scalars, b.scalars), magnitudes.scalars).allSatisfy {
      abs($0.0 - $0.1) <= bound * $1
    }
    #expect(fits, comment)
  }

  @Test(arguments: sizes)
  func productsEqualThoseOfTheDequantizedMatrix(tokens: Int, out: Int, inner: Int) {
    let w = NF4Tensor(quantizing: normal([out, inner]))
    let dense = w.dequantized()
    let x = normal([tokens, inner], seed: 2)
    let d = normal([tokens, out], seed: 3)
    withEveryInstructionSet { level in
      let y = matmulTransposed(x, w)
      let dx = matmul(d, w)
      expectEqual(
        y, matmul(x, dense.transposed()),
        magnitudes: matmul(magnitudes(x), magnitudes(dense).transposed()), terms: inner,
        "forward, level \(level)")
      expectEqual(
        dx, matmul(d, dense), magnitudes: matmul(magnitudes(d), magnitudes(dense)), terms: out,
        "backward, level \(level)")
    }
  }

  @Test func aMatrixOfOnePanelGivesTheSameBitsAsDense() {
    let w = NF4Tensor(quantizing: normal([96, 200]))
    // So small that no product is split over threads.
    let x = normal([20, 200], seed: 2)
    let d = normal([20, 96], seed: 3)
    #expect(matmulTransposed(x, w) == matmul(x, w.dequantized().transposed()))
    #expect(matmul(d, w) == matmul(d, w.dequantized()))
  }

  /// Several panels a thread and several slices of the inner terms, as training has them. In a process
  /// of its own: OpenBLAS's thread count, and with it the order of its additions, is the process's.
  @Test func productsHaveTheBitsOfThoseWithTheFloatsInTheSamePanels() async {
    await #expect(processExitsWith: .success) {
      for threads in [1, 2] {
        Threads.count = threads
        for format in FormatCases.quantized {
          // The larger shape for several threads alone: each has several panels of it.
          for (tokens, out, inner) in [(70, 2100, 1376), (256, 1366, 512)].suffix(threads) {
            let w = StoredMatrix(storing: normal([out, inner]), as: format)
            let dense = Floats(values: w.dequantized())
            let x = normal([tokens, inner], seed: 2)
            let isSame = matmulTransposed(x, w) == matmulTransposed(x, dense)
            #expect(isSame, "x Wᵀ, \(format), \(threads) threads")
            let d = normal([tokens, out], seed: 3)
            let isSameBack = matmul(d, w) == matmul(d, dense)
            #expect(isSameBack, "d W, \(format), \(threads) threads")
          }
        }
      }
    }
  }

  /// A format that stores floats, so that its products differ from others' in nothing but reading.
  struct Floats: QuantizedTensor {
    let values: Tensor<Float>
    var shape: Shape { values.shape }
    var format: WeightFormat { .float32 }
    var isFinite: Bool { values.isFinite }
    var parts: TensorParts { TensorParts(floats: ["values": values]) }

    func _dequantize(_ range: Range<Int>, into out: UnsafeMutablePointer<Float>) {
      values.withUnsafeBuffer {
        out.update(from: $0.baseAddress! + range.lowerBound, count: range.count)
      }
    }
  }

  @Test func accumulatingScalesBothTerms() {
    // Two panels of rows for three tokens.
    let w = NF4Tensor(quantizing: normal([900, 333]))
    let dense = w.dequantized()
    let x = normal([3, 333], seed: 2)
    let d = normal([3, 900], seed: 3)
    var y = Tensor<Float>.ones([3, 900])
    y.addProductTransposed(x, w, scale: 2, keeping: -0.5)
    var dx = Tensor<Float>.ones([3, 333])
    dx.addProduct(d, w, scale: 2, keeping: -0.5)
    for (a, b) in zip(y.scalars, matmul(x, dense.transposed()).scalars) {
      // Terms around 0.5: their sum is off by a few units in the last place.
      #expect(abs(a - (2 * b - 0.5)) < 1e-6)
    }
    for (a, b) in zip(dx.scalars, matmul(d, dense).scalars) {
      #expect(abs(a - (2 * b - 0.5)) < 1e-6)
    }
  }

  @Test func keepingNothingDoesNotReadWhatWasThere() {
    let w = NF4Tensor(quantizing: normal([900, 333]))
    var y = Tensor<Float>(repeating: .nan, shape: [3, 900])
    y.addProductTransposed(normal([3, 333]), w, keeping: 0)
    var dx = Tensor<Float>(repeating: .nan, shape: [3, 333])
    dx.addProduct(normal([3, 900]), w, keeping: 0)
    #expect(y.isFinite && dx.isFinite)
  }

  @Test func leadingAxesAreKeptAndVectorsAreRows() {
    let w = NF4Tensor(quantizing: normal([12, 20]))
    let x = normal([2, 3, 20])
    #expect(matmulTransposed(x, w).shape == [2, 3, 12])
    #expect(matmulTransposed(x, w).asRows() == matmulTransposed(x.asRows(), w))
    #expect(matmulTransposed(normal([20]), w).shape == [12])
    #expect(matmul(normal([2, 3, 12]), w).shape == [2, 3, 20])
  }

  @Test func emptySidesGiveZerosOrNothing() {
    let none = NF4Tensor(quantizing: .zeros([0, 5]))
    #expect(matmul(.zeros([2, 0]), none) == .zeros([2, 5]))
    #expect(matmulTransposed(normal([2, 5]), none).shape == [2, 0])
    let narrow = NF4Tensor(quantizing: .zeros([4, 0]))
    #expect(matmulTransposed(.zeros([2, 0]), narrow) == .zeros([2, 4]))
    #expect(matmul(normal([2, 4]), narrow).shape == [2, 0])
    #expect(matmul(.zeros([0, 4]), NF4Tensor(quantizing: normal([4, 6]))).shape == [0, 6])
  }

  @Test func transposedViewsOfTheInputAreTakenAsTheyRead() {
    let w = NF4Tensor(quantizing: normal([12, 20]))
    let x = normal([20, 7])
    #expect(matmulTransposed(x.transposed(), w) == matmulTransposed(x.transposed().copied(), w))
  }

  /// The dense matrix would take 24 MB. Other tests may allocate at the same time, which only adds:
  /// the smallest of some measurements counts.
  @Test func scratchStaysBelowFourMebibytes() {
    let w = NF4Tensor(quantizing: normal([3000, 2048]))
    let x = normal([100, 2048])
    let d = normal([100, 3000])
    func extraBytes(_ body: () -> Tensor<Float>) -> Int {
      (0..<40).map { _ in
        TensorMemory.resetPeak()
        let before = TensorMemory.liveBytes
        let result = body()
        return TensorMemory.peakBytes - before - result.byteCount
      }.min()!
    }
    #expect(extraBytes { matmulTransposed(x, w) } <= 4 << 20)
    #expect(extraBytes { matmul(d, w) } <= 4 << 20)
  }

  @Test func theNumberOfThreadsChangesNothingButRounding() {
    let count = Threads.count
    defer { Threads.count = count }
    let w = NF4Tensor(quantizing: normal([300, 333]))
    let x = normal([40, 333], seed: 2)
    let y = matmulTransposed(x, w)
    for threads in [1, 2, 3] {
      Threads.count = threads
      expectEqual(
        matmulTransposed(x, w), y,
        magnitudes: matmul(magnitudes(x), magnitudes(w.dequantized()).transposed()), terms: 333,
        "\(threads) threads")
      #expect(NF4Tensor(quantizing: normal([300, 333])).isIdentical(to: w))
    }
  }
}
