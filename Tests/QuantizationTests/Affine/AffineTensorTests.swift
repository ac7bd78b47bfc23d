import Tensors
import Testing

@testable import Quantization

@Suite(.serialized) struct AffineTensorTests {
  static let schemes: [AffineScheme] = [AffineScheme.Bits.four, .eight].flatMap { bits in
    [AffineScheme.Symmetry.symmetric, .asymmetric].flatMap { symmetry in
      [AffineScheme.Grouping.tensor, .row, .column, .group(1), .group(7), .group(32)].map {
        AffineScheme(bits: bits, symmetry: symmetry, grouping: $0)
      }
    }
  }
  static let shapes: [Shape] = [[0], [1], [65], [0, 5], [4, 0], [33, 77], [2, 3, 43]]

  /// The scale of each element.
  func scales(_ tensor: AffineTensor) -> [Float] {
    let layout = AffineLayout(tensor.shape, tensor.scheme)
    let scales = tensor.scales.scalars
    return (0..<tensor.shape.elementCount).map {
      scales[
        $0 / layout.columns * layout.groupsPerRow + $0 % layout.columns / layout.groupSize]
    }
  }

  @Test("Codes follow the definitions")
  func definitions() {
    // Qp = 7, scale = 1: ties to even.
    let four = AffineTensor(
      quantizing: Tensor([-7, 0.5, 1.5, 2.4, 7]), as: AffineScheme(bits: .four))
    #expect(four.scales.scalars == [1])
    #expect(four.codes.scalars == [0x18, 0xAA, 0xF0])
    #expect(four.dequantized().scalars == [-7, 0, 2, 2, 7])
    let eight = AffineTensor(
      quantizing: Tensor([0, 255, 17.5, 3]),
      as: AffineScheme(bits: .eight, symmetry: .asymmetric, grouping: .tensor))
    #expect(eight.scales.scalars == [1] && eight.zeros.scalars == [128])
    #expect(eight.codes.scalars == [0, 255, 18, 3])
    #expect(eight.dequantized().scalars == [0, 255, 18, 3])
    // Each row and each pair of columns has its own scale.
    let x = Tensor<Float>(rows: [[127, 1, 254], [-381, 3, 0]])
    let rows = AffineTensor(quantizing: x, as: AffineScheme(bits: .eight))
    #expect(rows.scales.scalars == [2, 3])
    let pairs = AffineTensor(
      quantizing: x, as: AffineScheme(bits: .eight, grouping: .group(2)))
    #expect(pairs.scales.scalars.prefix(3) == [1, 2, 3])
    let columns = AffineTensor(
      quantizing: x, as: AffineScheme(bits: .eight, grouping: .column))
    #expect(columns.scales.scalars == [3, Float(3) / 127, 2])
    #expect(columns.codes.scalars == [170, 170, 255, 1, 255, 128])
  }

  @Test("The error is at most half a scale", arguments: schemes, shapes)
  func errorBound(scheme: AffineScheme, shape: Shape) {
    for x in [normal(shape), normal(shape) + 1] {
      let tensor = AffineTensor(quantizing: x, as: scheme)
      let scales = scales(tensor)
      let fits = zip(x.scalars, tensor.dequantized().scalars).enumerated().allSatisfy { i, pair in
        // The quotient, its distance from the zero and the product are rounded.
        abs(pair.0 - pair.1) <= scales[i] / 2 + 4 * pair.0.ulp
      }
      #expect(fits && tensor.isFinite)
      #expect(tensor.zeros.scalars.allSatisfy { $0 == $0.rounded() })
      let parts = tensor.parts
      let sum =
        parts.bytes["codes"]!.byteCount + parts.floats.values.reduce(0) { $0 + $1.byteCount }
      #expect(tensor.byteCount == sum)
    }
  }

  @Test("Quantising again keeps the values up to rounding", arguments: schemes, shapes)
  func drift(scheme: AffineScheme, shape: Shape) {
    let once = AffineTensor(quantizing: normal(shape), as: scheme)
    let twice = AffineTensor(quantizing: once.dequantized(), as: scheme)
    let scales = scales(once)
    let fits = zip(once.dequantized().scalars, twice.dequantized().scalars).enumerated()
      .allSatisfy { i, pair in
        // A level is at most 2^16 scales away from 0 and its scale off by a few units.
        abs(pair.0 - pair.1) <= 0.05 * scales[i]
      }
    #expect(fits)
    if scheme.symmetry == .symmetric { #expect(twice.codes == once.codes) }
  }

  @Test("Rows and parts equal the whole", arguments: schemes)
  func rowsAndParts(scheme: AffineScheme) throws {
    let tensor = AffineTensor(quantizing: normal([9, 77]), as: scheme)
    let whole = tensor.dequantized()
    #expect(tensor.dequantizedRows(3..<8) == whole.sliced(3..<8))
    for range in [0..<1, 76..<79, 5..<600] {
      var part = [Float](repeating: 0, count: range.count)
      part.withUnsafeMutableBufferPointer { tensor._dequantize(range, into: $0.baseAddress!) }
      #expect(part == Array(whole.scalars[range]))
    }
    let back = try AffineTensor(shape: [9, 77], scheme: scheme, parts: tensor.parts)
    #expect(back.parts == tensor.parts)
    #expect(throws: QuantizationError.self) {
      _ = try AffineTensor(shape: [10, 77], scheme: scheme, parts: tensor.parts)
    }
    var broken = tensor.parts
    broken.floats["scales"]![0] = .nan
    #expect(throws: QuantizationError.self) {
      _ = try AffineTensor(shape: [9, 77], scheme: scheme, parts: broken)
    }
  }

  @Test("A range beyond the largest float has levels", arguments: AffineScheme.Bits.allCases)
  func hugeRange(bits: AffineScheme.Bits) {
    let x = Tensor<Float>([-3e38, 3e38, 0, 1e38])
    let tensor = AffineTensor(
      quantizing: x, as: AffineScheme(bits: bits, symmetry: .asymmetric))
    let step = tensor.scales.scalars[0]
    for (a, b) in zip(x.scalars, tensor.dequantized().scalars) {
      #expect(abs(a - b) <= 0.51 * step, "\(b)")
    }
  }

  @Test("Stochastic rounding has the number as its mean")
  func stochasticRounding() {
    let x = normal([1, 16])
    let scheme = AffineScheme(bits: .four)
    let nearest = AffineTensor(quantizing: x, as: scheme)
    let scale = Double(nearest.scales.scalars[0])
    var source = RandomSource(seed: 3)
    var sums = [Double](repeating: 0, count: 16)
    let count = 4000
    let numbers = x.scalars
    var furthest = 0.0
    for _ in 0..<count {
      let values = AffineTensor(quantizing: x, as: scheme, using: &source).dequantized().scalars
      for (i, value) in values.enumerated() {
        furthest = max(furthest, Double(abs(value - numbers[i])))
        sums[i] += Double(value)
      }
    }
    #expect(furthest < 1.001 * scale)
    for (i, sum) in sums.enumerated() {
      // The deviation of one draw is at most half a scale: five of the mean's.
      let bound = 5 * scale / 2 / Double(count).squareRoot()
      #expect(abs(sum / Double(count) - Double(numbers[i])) < bound)
    }
    var (a, b) = (RandomSource(seed: 3), RandomSource(seed: 3))
    #expect(
      AffineTensor(quantizing: x, as: scheme, using: &a).parts
        == AffineTensor(quantizing: x, as: scheme, using: &b).parts)
  }

  @Test(
    "Constant groups keep their value, zeros stay 0 and broken groups become NaN",
    arguments: schemes)
  func specialGroups(scheme: AffineScheme) {
    #expect(
      AffineTensor(quantizing: .zeros([3, 40]), as: scheme).dequantized() == .zeros([3, 40]))
    for value in [5, -5, 1e30, 1e-30] as [Float] {
      let x = Tensor<Float>(repeating: value, shape: [3, 40])
      let y = AffineTensor(quantizing: x, as: scheme).dequantized().scalars
      // Asymmetric: the zero lies 2^16 levels away, or more.
      #expect(y.allSatisfy { abs($0 - value) <= 0x1p-16 * abs(value) }, "\(value)")
    }
    for bad in [Float.nan, .infinity, -.infinity] {
      var x = normal([3, 40])
      x[1, 5] = bad
      let tensor = AffineTensor(quantizing: x, as: scheme)
      #expect(!tensor.isFinite)
      #expect(tensor.dequantized().scalars[45].isNaN)
      #expect(tensor.dequantized().scalars[0].isNaN == (scheme.grouping == .tensor))
      #expect(tensor.dequantized().scalars[85].isNaN == !scheme.isByRows)
      // A broken group has the codes of its least level, so that equal scales mean equal bytes.
      let bytes = tensor.codes.scalars
      #expect(scheme.bits == .eight ? bytes[45] == 0 : bytes[22] & 15 == 0)
    }
  }
}
