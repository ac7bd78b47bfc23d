import CKernels
import Tensors
import Testing

@testable import Quantization

/// Every instruction set gives the bytes and the bits of the plain one, which is the reference.
@Suite(.serialized) struct InstructionSetTests {
  static let matrices: [(String, Tensor<Float>)] = {
    let plain = normal([33, 77])
    var broken = normal([64, 128])
    for (i, bad) in [Float.nan, .infinity, -.infinity, 1e38].enumerated() { broken[9 * i, 5] = bad }
    return [
      ("normal", plain), ("wide", normal([19, 1152])), ("denormal", plain * 1e-37 * 1e-3),
      ("tiny", plain * 1e-30), ("huge", plain * 1e37), ("zero", .zeros([5, 333])),
      ("halves", HalfPrecisionValuesTests.values("float16_mixed").reshaped(to: [256, 256])),
      ("brain", HalfPrecisionValuesTests.values("bfloat16_mixed").reshaped(to: [256, 256])),
      ("broken", broken),
    ]
  }()

  /// The whole content of a stored matrix, NaN included.
  func contents(_ matrix: StoredMatrix) -> [[UInt32]] {
    let parts = matrix.parts
    let bytes = parts.bytes.keys.sorted().map { parts.bytes[$0]!.scalars.map(UInt32.init) }
    let floats = parts.floats.keys.sorted().map { quietBits(parts.floats[$0]!) }
    let odd = matrix.shape[0] / 3..<matrix.shape[0]
    return bytes + floats
      + [quietBits(matrix.dequantized()), quietBits(matrix.dequantizedRows(odd))]
  }

  /// The bits, with all NaN alike: their signs and payloads mean nothing.
  func quietBits(_ x: Tensor<Float>) -> [UInt32] {
    x.scalars.map { $0.isNaN ? 0x7FC0_0000 : $0.bitPattern }
  }

  @Test(
    "Storing, reading and stochastic rounding are the same on every instruction set",
    arguments: FormatCases.all)
  func storage(format: WeightFormat) {
    for (name, x) in Self.matrices {
      var results: [[[UInt32]]] = []
      withEveryInstructionSet { _ in
        var source = RandomSource(seed: 5)
        let drawn = StoredMatrix(storing: x, as: format, using: &source)
        results.append(contents(StoredMatrix(storing: x, as: format)) + contents(drawn))
      }
      for level in results.indices.dropFirst() {
        #expect(results[level] == results[0], "\(name), level \(level)")
      }
    }
  }

  /// Parts of rows from odd positions on, as the products read them.
  @Test("Panels are the same on every instruction set", arguments: FormatCases.all)
  func panels(format: WeightFormat) {
    guard case .quantized(let tensor) = StoredMatrix(storing: normal([33, 205]), as: format)
    else { return }
    let whole = tensor.dequantized()
    withEveryInstructionSet { level in
      for (rows, columns) in [(0..<33, 0..<205), (3..<9, 1..<68), (32..<33, 64..<205)] {
        var panel = [Float](repeating: .nan, count: rows.count * columns.count)
        panel.withUnsafeMutableBufferPointer {
          tensor._dequantizePanel(rows: rows, columns: columns, into: $0.baseAddress!)
        }
        let expected = whole.sliced(rows).sliced(columns, alongAxis: 1)
        #expect(panel == expected.scalars, "level \(level), \(rows) x \(columns)")
      }
    }
  }
}
