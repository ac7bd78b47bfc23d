import Tensors
import Testing

@testable import Quantization

@Suite struct ErrorStatisticsTests {
  @Test func figuresFollowTheirDefinitions() {
    let error = ErrorStatistics(of: Tensor([3, 4, 1]), against: Tensor([3, 4, 0]))
    #expect(error.meanSquared == 1.0 / 3)
    #expect(error.maximal == 1)
    #expect(error.relative == 0.2)
    // 20 log10 5.
    #expect(abs(error.signalToNoise - 13.979400086720377) < 1e-12)
  }

  @Test func nothingDiffersFromItself() {
    for x in [normal([4, 5]), .zeros([3]), .zeros([0])] {
      let error = ErrorStatistics(of: x, against: x)
      #expect(error.meanSquared == 0 && error.maximal == 0 && error.relative == 0)
      #expect(error.signalToNoise == .infinity)
    }
  }

  @Test func aNumberThatIsNotFiniteShows() {
    let error = ErrorStatistics(of: Tensor([.nan, 1]), against: Tensor([1, 1]))
    #expect(error.maximal.isNaN && error.meanSquared.isNaN && error.relative.isNaN)
  }

  @Test func aQuantizedTensorsAreThoseOfItsValues() {
    let x = normal([300, 333])
    let tensor = NF4Tensor(quantizing: x)
    #expect(
      tensor.errorStatistics(against: x)
        == ErrorStatistics(of: tensor.dequantized(), against: x))
  }

  /// On Gaussian numbers the relative errors are known: NF4 with blocks of 64 has 0.0920.
  @Test func aTableComparesFormats() {
    let table = ErrorTable(
      of: normal([256, 704]),
      in: [
        .float32, .nf4(), .fp4(), .int8Blocks(), .affine(AffineScheme(bits: .eight)),
        .affine(AffineScheme(bits: .four, symmetry: .asymmetric, grouping: .group(32))),
      ])
    let relative = table.rows.map(\.error.relative)
    #expect(relative[0] == 0)
    #expect(abs(relative[1] - 0.0920) < 0.0005)
    #expect(relative[2] > relative[1] && relative[3] < 0.02 && relative[4] < 0.02)
    #expect(table.rows.map(\.bytesPerElement)[0] == 4)
    let lines = table.description.split(separator: "\n")
    #expect(lines.count == 7)
    #expect(Set(lines.map(\.count)).count == 1, "columns are aligned:\n\(table)")
    #expect(lines[2].hasPrefix("NF4, blocks of 64, scales in 8 bits"))
  }
}
