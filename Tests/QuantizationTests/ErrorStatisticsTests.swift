import Tensors
import Testing

@testable import Quantization

@Suite struct ErrorStatisticsTests {
  @Test("Figures follow their definitions")
  func definitions() {
    let error = ErrorStatistics(of: Tensor([3, 4, 1]), against: Tensor([3, 4, 0]))
    #expect(error.meanSquared == 1.0 / 3)
    #expect(error.maximal == 1)
    #expect(error.relative == 0.2)
    // 20 log10 5.
    #expect(abs(error.signalToNoise - 13.979400086720377) < 1e-12)
  }

  @Test("Nothing differs from itself")
  func identity() {
    for x in [normal([4, 5]), .zeros([3]), .zeros([0])] {
      let error = ErrorStatistics(of: x, against: x)
      #expect(error.meanSquared == 0 && error.maximal == 0 && error.relative == 0)
      #expect(error.signalToNoise == .infinity)
    }
  }

  @Test("A number that is not finite shows in the figures")
  func nonFinite() {
    let error = ErrorStatistics(of: Tensor([.nan, 1]), against: Tensor([1, 1]))
    #expect(error.maximal.isNaN && error.meanSquared.isNaN && error.relative.isNaN)
  }

  @Test("The figures of a quantised tensor are those of its values", arguments: FormatCases.all)
  func quantizedTensors(format: WeightFormat) {
    let x = normal([300, 333])
    guard case .quantized(let tensor) = StoredMatrix(storing: x, as: format) else { return }
    let error = tensor.errorStatistics(against: x)
    #expect(error == ErrorStatistics(of: tensor.dequantized(), against: x))
    #expect(error.relative > 0 && error.signalToNoise.isFinite)
    #expect(ErrorHistogram(of: tensor, against: x).counts.reduce(0, +) == 300 * 333)
  }
}
