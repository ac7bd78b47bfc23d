import Quantization
import TestSupport
import Tensors
import Testing

@Suite struct StoredMatrixLowRankTests {
  /// More than one panel: panels take 2^20 elements.
  @Test(
    "Products are those of the sum",
    arguments: [[5, 3, 7], [64, 96, 1], [70, 90, 300], [1_500, 1_000, 7]],
    [WeightFormat.float32, .nf4()])
  func productsOfSums(_ sizes: [Int], _ format: WeightFormat) {
    let (out, input, tokens) = (sizes[0], sizes[1], sizes[2])
    var source = RandomSource(seed: 1)
    func normal(_ shape: Shape) -> Tensor<Float> { .normal(shape, using: &source) }
    let matrix = StoredMatrix(storing: normal([out, input]), as: format)
    let (up, down) = (normal([out, 2]), normal([2, input]))
    var sum = matrix.dequantized()
    sum.addProduct(up, down, scale: 0.5)
    let x = normal([tokens, input])
    let d = normal([tokens, out])
    // The order of sums in float.
    #expect(
      relativeError(
        matrix.productTransposed(of: x, adding: up, down, scale: 0.5),
        matmul(x, sum.transposed())) < 1e-6)
    #expect(
      relativeError(matrix.product(of: d, adding: up, down, scale: 0.5), matmul(d, sum)) < 1e-6)
  }
}
