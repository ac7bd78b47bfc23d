import Tensors
import Testing

@testable import Quantization

@Suite struct NF4PartsTests {
  @Test(
    "Parts give the tensor back",
    arguments: [[0, 4], [3, 5], [33, 77]] as [Shape], [true, false])
  func roundTrip(shape: Shape, doubleQuantized: Bool) throws {
    let tensor = NF4Tensor(quantizing: normal(shape), doubleQuantized: doubleQuantized)
    let back = try NF4Tensor(
      shape: shape, blockSize: 64, doubleQuantized: doubleQuantized, parts: tensor.parts)
    #expect(back.isIdentical(to: tensor))
  }

  func expectError(
    _ code: QuantizationError.Code, shape: Shape = [33, 77], blockSize: Int = 64,
    doubleQuantized: Bool, naming name: String, _ change: (inout TensorParts) -> Void = { _ in }
  ) {
    var parts = NF4Tensor(quantizing: normal([33, 77]), doubleQuantized: doubleQuantized).parts
    change(&parts)
    do {
      _ = try NF4Tensor(
        shape: shape, blockSize: blockSize, doubleQuantized: doubleQuantized, parts: parts)
      Issue.record("accepted: \(name)")
    } catch {
      #expect(error.code == code)
      #expect(error.message.contains(name), "\(error.message)")
    }
  }

  @Test("Parts that do not fit are refused by name")
  func misfits() {
    for name in ["codes", "absmax"] {
      expectError(.missingPart, doubleQuantized: true, naming: name) { $0.bytes[name] = nil }
      expectError(.sizeMismatch, doubleQuantized: true, naming: name) {
        $0.bytes[name] = Tensor([1, 2, 3])
      }
    }
    for name in ["nested_absmax", "nested_offset"] {
      expectError(.missingPart, doubleQuantized: true, naming: name) { $0.floats[name] = nil }
      expectError(.sizeMismatch, doubleQuantized: true, naming: name) { $0.floats[name] = .empty }
      expectError(.nonFiniteScale, doubleQuantized: true, naming: name) {
        $0.floats[name] = Tensor([.infinity])
      }
    }
    expectError(.missingPart, doubleQuantized: false, naming: "absmax") { $0.floats = [:] }
    expectError(.nonFiniteScale, doubleQuantized: false, naming: "absmax") {
      $0.floats["absmax"]![3] = .nan
    }
    expectError(.sizeMismatch, shape: [33, 78], doubleQuantized: true, naming: "codes")
    for blockSize in [Int.min, -64, 0, 1, 16, 63, 96, 8192, .max] {
      expectError(
        .unsupportedBlockSize, blockSize: blockSize, doubleQuantized: true, naming: "\(blockSize)")
    }
    let huge: Shape = [.max, 4]
    expectError(.sizeMismatch, shape: huge, doubleQuantized: true, naming: "too large")
  }

  @Test("Any bytes give numbers and never trap")
  func anyBytes() throws {
    var source = RandomSource(seed: 5)
    let tensor = NF4Tensor(quantizing: normal([9, 31]))
    for _ in 0..<1_000 {
      var parts = tensor.parts
      parts.bytes["codes"]![.random(in: 0..<140, using: &source)] = .random(
        in: 0...255, using: &source)
      parts.bytes["absmax"]![.random(in: 0..<5, using: &source)] = .random(
        in: 0...255, using: &source)
      let changed = try NF4Tensor(
        shape: [9, 31], blockSize: 64, doubleQuantized: true, parts: parts)
      #expect(changed.dequantized().scalars.allSatisfy { $0.isFinite })
    }
  }
}
