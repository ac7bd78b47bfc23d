import Tensors
import Testing

@testable import Quantization

@Suite struct ErrorTableTests {
  /// On Gaussian numbers the relative errors are known: NF4 with blocks of 64 has 0.0920.
  @Test("A table compares formats")
  func comparedFormats() {
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

  @Test("A histogram counts every difference in its bin")
  func binCounts() {
    // A deviation of 1; differences -1, 0, 0.2 and 1 in five bins of 0.4.
    let original = Tensor<Float>([1, -1, 1, -1])
    let approximation = Tensor<Float>([0, -1, 1.25, 0])
    let histogram = ErrorHistogram(approximation, against: original, bins: 5, limit: nil)
    #expect(histogram.limit == 1)
    #expect(histogram.counts == [1, 0, 1, 1, 1])
    #expect(histogram.centers.map { ($0 * 10).rounded() } == [-8, -4, 0, 4, 8])
    let narrow = ErrorHistogram(approximation, against: original, bins: 3, limit: 0.5)
    #expect(narrow.counts == [1, 1, 2])
    let lines = histogram.description.split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[0].hasPrefix("-0.8") && lines[0].contains("25.00 %"))
    #expect(lines[0].hasSuffix(String(repeating: "█", count: 40)))
    let empty = ErrorHistogram(of: NF4Tensor(quantizing: .zeros([0])), against: .zeros([0]))
    #expect(empty.counts.allSatisfy { $0 == 0 })
  }

  @Test("The histogram of a format is symmetric and as wide as its errors")
  func formatHistogram() {
    let x = normal([256, 704])
    let tensor = NF4Tensor(quantizing: x)
    let histogram = ErrorHistogram(of: tensor, against: x)
    #expect(histogram.counts.count == 41 && histogram.counts.reduce(0, +) == 256 * 704)
    let error = tensor.errorStatistics(against: x)
    let deviation = (x.sumOfSquares() / Double(x.elementCount)).squareRoot()
    #expect(abs(histogram.limit - error.maximal / deviation) < 1e-6)
  }
}
