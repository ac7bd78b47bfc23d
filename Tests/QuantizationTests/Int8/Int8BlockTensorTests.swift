import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import Quantization

@Suite(.serialized) struct Int8BlockTensorTests {
  static let shapes: [Shape] = [[0], [1], [255], [256], [257], [33, 77], [2, 3, 43], [70, 333]]

  func isIdentical(_ a: Int8BlockTensor, _ b: Int8BlockTensor) -> Bool {
    a.shape == b.shape && a.format == b.format && a.codes == b.codes
      && bits(a.absmax) == bits(b.absmax)
  }

  @Test("Codes, scales and values are the nearest, byte for byte")
  func nearestValues() throws {
    let fixture = try Fixture("quantization")
    let cases = fixture.cases.filter { $0.hasPrefix("dynamic_") }
    #expect(cases.count == 16)
    for name in cases {
      let map: DynamicMap = name.hasPrefix("dynamic_signed") ? .signed : .unsigned
      let x = try fixture.tensor("x", of: name)
      let codes = try fixture.tensor("codes", of: name, as: UInt8.self)
      let absmax = try fixture.tensor("absmax", of: name)
      let values = try fixture.tensor("dequantized", of: name)
      withEveryInstructionSet { level in
        let tensor = Int8BlockTensor(quantizing: x, map: map)
        #expect(tensor.codes == codes, "\(name), level \(level)")
        #expect(tensor.absmax == absmax, "\(name), level \(level)")
        #expect(bits(tensor.dequantized()) == bits(values), "\(name), level \(level)")
      }
    }
  }

  @Test("The error stays within its bound", arguments: shapes, [32, 256, 2048])
  func errorBound(shape: Shape, blockSize: Int) {
    let x = normal(shape)
    let squares = x * x
    for (x, map) in [(x, DynamicMap.signed), (squares, .unsigned)] {
      let tensor = Int8BlockTensor(quantizing: x, map: map, blockSize: blockSize)
      let scales = tensor.absmax.scalars
      for (i, (a, b)) in zip(x.scalars, tensor.dequantized().scalars).enumerated() {
        // Division and product round once each.
        #expect(abs(a - b) <= 0.0071 * scales[i / blockSize] + a.ulp)
      }
    }
  }

  @Test(
    "Quantising again changes nothing where the largest magnitude is positive",
    arguments: shapes)
  func drift(shape: Shape) {
    let x = normal(shape)
    let squares = Int8BlockTensor(quantizing: x * x, map: .unsigned)
    #expect(
      isIdentical(Int8BlockTensor(quantizing: squares.dequantized(), map: .unsigned), squares))
    var positive = x.flattened().scalars
    for first in stride(from: 0, to: positive.count, by: 256) { positive[first] = 1 }
    let once = Int8BlockTensor(quantizing: Tensor(positive))
    #expect(isIdentical(Int8BlockTensor(quantizing: once.dequantized()), once))
  }

  @Test("Where the largest magnitude is negative, the scale shrinks by what the map lacks")
  func negativeDrift() {
    let x = Tensor<Float>([-2, 0.5, 1])
    let once = Int8BlockTensor(quantizing: x)
    let twice = Int8BlockTensor(quantizing: once.dequantized())
    #expect(once.absmax.scalars[0] == 2)
    #expect(twice.absmax.scalars[0] == 2 * -DynamicMap.signedValues[0])
    #expect(abs(DynamicMap.signedValues[0] + 0.993) < 1e-4)
  }

  @Test(
    "Parts give the tensor back and count its bytes",
    arguments: shapes, [DynamicMap.signed, .unsigned])
  func roundTrip(shape: Shape, map: DynamicMap) throws {
    let tensor = Int8BlockTensor(quantizing: normal(shape), map: map)
    let parts = tensor.parts
    #expect(isIdentical(try Int8BlockTensor(shape: shape, map: map, parts: parts), tensor))
    #expect(
      tensor.byteCount == parts.bytes["codes"]!.byteCount + parts.floats["absmax"]!.byteCount)
    for row in 0..<min(3, shape[0]) {
      #expect(
        tensor.dequantizedRows(row..<shape[0]) == tensor.dequantized().sliced(row..<shape[0]))
    }
  }

  @Test("Parts that do not fit are refused")
  func misfits() {
    let parts = Int8BlockTensor(quantizing: normal([9, 31])).parts
    func code(
      _ shape: Shape = [9, 31], _ blockSize: Int = 256, _ change: (inout TensorParts) -> Void
    ) -> QuantizationError.Code? {
      var changed = parts
      change(&changed)
      do throws(QuantizationError) {
        _ = try Int8BlockTensor(shape: shape, blockSize: blockSize, parts: changed)
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code { _ in } == nil)
    #expect(code { $0.bytes = [:] } == .missingPart)
    #expect(code { $0.floats = [:] } == .missingPart)
    #expect(code([9, 32]) { _ in } == .sizeMismatch)
    #expect(code([.max, 2]) { _ in } == .sizeMismatch)
    #expect(code { $0.floats["absmax"]![1] = .infinity } == .nonFiniteScale)
    for size in [.min, 0, 16, 96, 8192] {
      #expect(code([9, 31], size) { _ in } == .unsupportedBlockSize)
    }
  }

  @Test("Numbers that are not finite make their block NaN")
  func nonFinite() {
    for bad in [Float.nan, .infinity, -.infinity] {
      var x = normal([600])
      x[300] = bad
      let tensor = Int8BlockTensor(quantizing: x)
      #expect(!tensor.isFinite)
      for (i, value) in tensor.dequantized().scalars.enumerated() {
        #expect(value.isNaN == (256..<512).contains(i))
      }
    }
  }
}
