import Tensors
import Testing

@testable import Quantization

/// What every format promises.
@Suite struct FormatPropertyTests {
  static let matrices: [(String, Tensor<Float>)] = {
    var source = RandomSource(seed: 11)
    let plain = Tensor<Float>.normal([33, 77], using: &source)
    var spiked = plain * 0.01
    for i in 0..<20 { spiked[i, 3 * i] = Float(i % 2 == 0 ? 3 : -3) }
    return [
      ("normal", plain), ("shifted", plain + 5), ("negative", -abs(plain)), ("spiked", spiked),
      ("large", plain * 1e4), ("small", plain * 1e-3), ("zero", .zeros([33, 77])),
      ("constant", .ones([33, 77]) * 0.3), ("uniform", .uniform([33, 77], using: &source)),
    ]
  }()

  @Test("Error and drift stay within the bounds of the format", arguments: FormatCases.quantized)
  func errorAndDrift(format: WeightFormat) {
    for (name, x) in Self.matrices {
      let once = StoredMatrix(storing: x, as: format)
      let y = once.dequantized()
      let magnitude = abs(x).maximum()
      // A few roundings in single precision; the least steps of half precision.
      let slack = 4 * magnitude.ulp + 127 * 0x1p-25
      let error = (abs(x - y)).maximum()
      #expect(error <= FormatCases.errorBound(format) * magnitude + slack, "\(name)")
      let z = StoredMatrix(storing: y, as: format).dequantized()
      let drift = abs(z - y).maximum()
      let bound = FormatCases.driftBound(format) * magnitude
      #expect(drift <= bound + (bound > 0 ? 4 * magnitude.ulp : 0), "\(name)")
    }
  }

  /// Many rounds do not make it creep.
  @Test("Thirty rounds of quantising stay near the first", arguments: FormatCases.quantized)
  func thirtyRounds(format: WeightFormat) {
    if case .int8Blocks = format { return }
    let first = StoredMatrix(storing: Self.matrices[0].1, as: format).dequantized()
    var y = first
    for _ in 0..<30 { y = StoredMatrix(storing: y, as: format).dequantized() }
    let drift = abs(y - first).maximum()
    #expect(drift <= 3 * FormatCases.driftBound(format) * abs(first).maximum())
  }

  @Test(
    "Stochastic rounding takes a neighbour and is right on average",
    arguments: FormatCases.quantized)
  func stochasticRounding(format: WeightFormat) {
    var source = RandomSource(seed: 3)
    // Away from the ends, where a format may lack the level beyond; two fix the scales.
    var x = Tensor<Float>.uniform([8, 64], low: -0.7, high: 0.7, using: &source)
    for row in 0..<8 {
      for column in stride(from: 0, to: 64, by: 7) {
        x[row, column] = Float((row + column) % 2 == 0 ? 1 : -1)
      }
    }
    let count = 600
    var sums = [Double](repeating: 0, count: 512)
    var levels = [Set<Float>](repeating: [], count: 512)
    for _ in 0..<count {
      let y = StoredMatrix(storing: x, as: format, using: &source).dequantized().scalars
      for i in 0..<512 {
        sums[i] += Double(y[i])
        levels[i].insert(y[i])
      }
    }
    let nearest = StoredMatrix(storing: x, as: format).dequantized().scalars
    let values = x.scalars
    var (isRight, total, rounded) = (true, 0.0, 0.0)
    for i in 0..<512 where abs(values[i]) < 0.9 {
      let difference = sums[i] / Double(count) - Double(values[i])
      let gap = Double(levels[i].max()! - levels[i].min()!)
      if gap == 0 {
        // On a level, or beyond the last: the zero of asymmetric levels may leave extremes there.
        isRight = isRight && abs(difference) <= Double(FormatCases.errorBound(format))
        continue
      }
      // Five deviations, which are half a gap a draw at most.
      isRight = isRight && abs(difference) <= 2.5 * gap / Double(count).squareRoot() + 1e-6
      isRight = isRight && levels[i].count == 2 && levels[i].contains(nearest[i])
      total += difference / gap
      rounded += 1
    }
    #expect(isRight)
    // The differences of all elements together are equally likely up and down.
    #expect(abs(total) <= 2.5 * (rounded / Double(count)).squareRoot())
    #expect(levels.contains { $0.count == 2 })
    var (a, b) = (RandomSource(seed: 3), RandomSource(seed: 3))
    let one = StoredMatrix(storing: x, as: format, using: &a)
    #expect(one.parts == StoredMatrix(storing: x, as: format, using: &b).parts)
    #expect(one.parts != StoredMatrix(storing: x, as: format, using: &a).parts)
  }

  @Test(
    "The whole, rows, buffers and panels give the same values, and bytes are counted",
    arguments: FormatCases.quantized)
  func waysOfReading(format: WeightFormat) throws {
    for shape: Shape in [[1, 1], [33, 77], [0, 5], [4, 0], [7, 64], [300, 99]] {
      let stored = StoredMatrix(storing: normal(shape), as: format)
      guard case .quantized(let tensor) = stored else { return }
      let whole = tensor.dequantized()
      #expect(whole.shape == shape)
      for rows in [0..<shape[0], 0..<min(1, shape[0]), shape[0] / 2..<shape[0]] {
        #expect(tensor.dequantizedRows(rows) == whole.sliced(rows))
        var buffer = [Float](repeating: .nan, count: rows.count * shape[1])
        buffer.withUnsafeMutableBufferPointer { tensor.dequantize(rows: rows, into: $0) }
        #expect(buffer == whole.sliced(rows).scalars)
      }
      let parts = tensor.parts
      let bytes =
        parts.bytes.values.reduce(0) { $0 + $1.byteCount }
        + parts.floats.values.reduce(0) { $0 + $1.byteCount }
      #expect(bytes == tensor.byteCount && bytes == format.byteCount(shape: shape))
      #expect(Set(parts.bytes.keys) == Set(format.partNames.bytes))
      #expect(Set(parts.floats.keys) == Set(format.partNames.floats))
    }
  }

  @Test("A broken number is found by its place", arguments: FormatCases.quantized)
  func brokenNumbers(format: WeightFormat) throws {
    var x = normal([9, 77])
    #expect(throws: Never.self) { try StoredMatrix(storing: x, as: format).checkFinite() }
    x[4, 33] = .nan
    let stored = StoredMatrix(storing: x, as: format)
    let error = #expect(throws: QuantizationError.self) { try stored.checkFinite() }
    #expect(error?.code == .nonFiniteScale)
    #expect(error?.message.contains(format.description) == true)
  }
}
