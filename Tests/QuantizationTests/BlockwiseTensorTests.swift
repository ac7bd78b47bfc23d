import Tensors
import Testing

@testable import Quantization

/// Tensors that are quantised while their elements arrive part by part.
@Suite struct BlockwiseTensorTests {
  func quantizing(_ x: Tensor<Float>, as format: WeightFormat, inPartsOf sizes: [Int])
    -> TensorParts
  {
    let elements = x.flattened()
    return format.quantizing(shape: x.shape, rounding: nil) { append in
      var (first, part) = (0, 0)
      while first < elements.elementCount {
        let end = min(elements.elementCount, first + sizes[part % sizes.count])
        append(elements.sliced(first..<end))
        (first, part) = (end, part + 1)
      }
    }.parts
  }

  @Test("How the elements are cut does not matter", arguments: FormatCases.all)
  func cuts(format: WeightFormat) {
    for shape: Shape in [[0, 9], [3, 5], [33, 77], [100, 333]] {
      let x = normal(shape)
      let direct = StoredMatrix(storing: x, as: format).parts
      for sizes in [[7], [32], [33], [63, 64, 65], [5000], [0, 1, 63, 128, 5, 0, 200, 59]] {
        #expect(quantizing(x, as: format, inPartsOf: sizes) == direct, "\(shape), \(sizes)")
      }
    }
    let x = normal([3, 31])
    #expect(
      quantizing(x, as: format, inPartsOf: [1]) == StoredMatrix(storing: x, as: format).parts)
  }

  @Test("The layout of the input does not matter", arguments: FormatCases.all)
  func inputLayouts(format: WeightFormat) {
    let x = normal([30, 70]).transposed()
    #expect(
      StoredMatrix(storing: x, as: format).parts
        == StoredMatrix(storing: x.copied(), as: format).parts)
  }
}
