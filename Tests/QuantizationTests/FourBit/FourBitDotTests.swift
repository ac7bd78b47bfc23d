import CKernels
import Tensors
import Testing

@testable import Quantization

/// Products with few rows, straight from the codes.
@Suite(.serialized) struct FourBitDotTests {
  func check(_ w: some QuantizedTensor, tokens: Int, _ comment: Comment) {
    let (out, columns) = (w.shape[0], w.shape[1])
    let dense = w.dequantized()
    let x = normal([tokens, columns], seed: 2)
    let expected = matmul(x, dense.transposed()).scalars
    let bounds = matmul(magnitudes(x), magnitudes(dense).transposed()).scalars
    var results: [[UInt32]] = []
    withEveryInstructionSet { level in
      let y = matmulTransposed(x, w)
      #expect(y.shape == [tokens, out], comment)
      for (i, value) in y.scalars.enumerated() {
        // Two sums of `columns` products each, in another order.
        #expect(
          abs(value - expected[i]) <= 2 * Float(columns) * .ulpOfOne * bounds[i], comment)
      }
      // Without vectors the matrix is dequantised instead, and summed in another order.
      if level != Int32(LOQT_PLAIN) { results.append(bits(y)) }
    }
    #expect(results.allSatisfy { $0 == results[0] }, "levels differ, \(comment)")
  }

  @Test(arguments: [1, 2, 3, 4, 5, 7, 8], [true, false])
  func productsAreThoseOfTheDequantizedMatrix(tokens: Int, doubleQuantized: Bool) {
    // The last two are wider than the part of x that stays in the nearest cache.
    let cases = [
      (1, 128, 32), (5, 384, 64), (37, 1024, 128), (3, 512, 256), (3, 8320, 64), (2, 12_288, 4096),
    ]
    for (out, columns, blockSize) in cases {
      let w = normal([out, columns])
      let comment: Comment = "\(out) x \(columns), blocks of \(blockSize)"
      check(
        NF4Tensor(quantizing: w, blockSize: blockSize, doubleQuantized: doubleQuantized),
        tokens: tokens, comment)
      check(
        FP4Tensor(quantizing: w, blockSize: blockSize, doubleQuantized: doubleQuantized),
        tokens: tokens, comment)
    }
  }

  @Test func rowsThatTheKernelDoesNotTakeAreMultipliedAnotherWay() {
    for columns in [64, 192, 333, 640] {
      check(
        NF4Tensor(quantizing: normal([9, columns]), blockSize: 64), tokens: 3, "\(columns)")
    }
    check(NF4Tensor(quantizing: normal([9, 128]), blockSize: 256), tokens: 3, "block over rows")
    check(NF4Tensor(quantizing: normal([9, 128])), tokens: 9, "nine rows")
  }

  @Test func scaleAndKeptShareAreApplied() {
    let w = NF4Tensor(quantizing: normal([70, 256]))
    let x = normal([3, 256], seed: 2)
    var y = Tensor<Float>.ones([3, 70])
    y.addProductTransposed(x, w, scale: 2, keeping: -0.5)
    for (a, b) in zip(y.scalars, matmulTransposed(x, w).scalars) {
      #expect(abs(a - (2 * b - 0.5)) < 1e-6)
    }
    var unread = Tensor<Float>(repeating: .nan, shape: [3, 70])
    unread.addProductTransposed(x, w, keeping: 0)
    #expect(unread == matmulTransposed(x, w))
  }

  @Test func theNumberOfThreadsChangesNothing() {
    let count = Threads.count
    defer { Threads.count = count }
    let w = NF4Tensor(quantizing: normal([2000, 256]))
    let x = normal([2, 256], seed: 2)
    Threads.count = 1
    let y = matmulTransposed(x, w)
    Threads.count = 3
    #expect(matmulTransposed(x, w) == y)
  }
}
