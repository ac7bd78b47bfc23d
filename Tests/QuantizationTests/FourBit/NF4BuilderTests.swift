import Tensors
import Testing

@testable import Quantization

@Suite struct NF4BuilderTests {
  @Test(arguments: [1, 7, 63, 64, 65, 333, 5000], [true, false])
  func howTheElementsAreCutDoesNotMatter(part: Int, doubleQuantized: Bool) {
    for shape: Shape in [[0, 9], [3, 5], [33, 77], [100, 333]] {
      for blockSize in [32, 64, 512] {
        let x = normal(shape)
        let scalars = x.scalars
        var builder = NF4Tensor.Builder(
          shape: shape, blockSize: blockSize, doubleQuantized: doubleQuantized)
        for first in stride(from: 0, to: scalars.count, by: part) {
          builder.append(Tensor(Array(scalars[first..<min(scalars.count, first + part)])))
        }
        let direct = NF4Tensor(
          quantizing: x, blockSize: blockSize, doubleQuantized: doubleQuantized)
        #expect(builder.finish().isIdentical(to: direct), "\(shape), \(blockSize)")
      }
    }
  }

  @Test func partsOfChangingSizesAndEmptyPartsMakeTheSameTensor() {
    let x = normal([1000])
    var builder = NF4Tensor.Builder(shape: [1000])
    var first = 0
    for size in [0, 1, 63, 128, 5, 0, 200, 59, 1, 543] {
      builder.append(x.sliced(first..<(first + size)))
      first += size
    }
    #expect(builder.finish().isIdentical(to: NF4Tensor(quantizing: x)))
  }
}
