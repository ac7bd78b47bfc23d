import Foundation
import TensorFiles
import TestSupport
import Tensors
import Testing

@testable import Quantization

/// Damaged parts of packed tensors, more than 100,000 over all formats: they are refused, or give
/// finite numbers.
@Suite struct DamagedPartsTests {
  @Test("Random damage is refused or gives finite numbers", arguments: FormatCases.quantized)
  func randomDamage(format: WeightFormat) throws {
    var random = RandomSource(seed: 17)
    let shape: Shape = [9, 31]
    let good = StoredMatrix(storing: normal(shape), as: format).parts
    var (accepted, refused) = (0, 0)
    for _ in 0..<4_000 {
      var parts = good
      var claimed = shape
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        damage(&parts, &claimed, &random)
      }
      do throws(QuantizationError) {
        let stored = try StoredMatrix(shape: claimed, format: format, parts: parts)
        accepted += 1
        guard stored.shape.elementCount <= 1 << 12 else {
          Issue.record("accepted \(claimed)")
          return
        }
        // Codes times scales may leave the range of floats, but only where the scales are that large.
        let isHuge = parts.floats.values.contains { abs($0).maximum() > 1e15 }
        if !isHuge, !stored.dequantized().allFinite { Issue.record("a NaN out of \(claimed)") }
        _ = stored.dequantizedRows(0..<claimed[0])
      } catch {
        refused += 1
        #expect(!error.message.isEmpty)
      }
    }
    #expect(accepted > 500 && refused > 500, "\(accepted), \(refused)")
  }

  private func damage(
    _ parts: inout TensorParts, _ shape: inout Shape, _ random: inout RandomSource
  ) {
    switch Int.random(in: 0..<8, using: &random) {
    case 0...3:
      guard let name = parts.bytes.keys.sorted().randomElement(using: &random) else { return }
      var values = parts.bytes[name]!
      guard values.elementCount > 0 else { return }
      values[.random(in: 0..<values.elementCount, using: &random)] =
        UInt8.random(in: 0...255, using: &random)
      parts.bytes[name] = values
    case 4...5:
      guard let name = parts.floats.keys.sorted().randomElement(using: &random) else { return }
      var values = parts.floats[name]!
      guard values.elementCount > 0 else { return }
      values[.random(in: 0..<values.elementCount, using: &random)] =
        Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      parts.floats[name] = values
    case 6:
      if Bool.random(using: &random), let name = parts.floats.keys.sorted().first {
        parts.floats[name] = Bool.random(using: &random) ? nil : .zeros([3])
      } else if let name = parts.bytes.keys.sorted().randomElement(using: &random) {
        parts.bytes[name] = Bool.random(using: &random) ? nil : Tensor([1, 2, 3])
      }
    default:
      let sizes = [0, 1, 8, 9, 10, 30, 31, 32, 279, 1 << 31, 1 << 47, 1 << 62, Int.max]
      shape = [sizes.randomElement(using: &random)!, sizes.randomElement(using: &random)!]
    }
  }

  /// Through a file: bytes of the tensors, names, types and shapes of the header, the description.
  @Test("Random damage to a file of matrices never traps")
  func damagedFiles() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      var matrices: [String: StoredMatrix] = [:]
      for format in FormatCases.quantized.prefix(12) + FormatCases.quantized.suffix(5) {
        matrices[format.name] = StoredMatrix(storing: normal([5, 32]), as: format)
      }
      try SafetensorsFile.write(matrices: matrices, to: path)
      let good = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
      let file = try FileEditor(path)
      var random = RandomSource(seed: 5)
      var (accepted, refused) = (0, 0)
      for _ in 0..<3_000 {
        var damaged = good
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let position = Int.random(in: 0..<damaged.count, using: &random)
          damaged[position] = UInt8.random(in: 0...255, using: &random)
        }
        try file.replace(with: damaged)
        do {
          let opened = try SafetensorsFile(path: path)
          for _ in 0..<3 {
            let name = matrices.keys.sorted().randomElement(using: &random)!
            do {
              _ = try opened.matrix(named: name).dequantized()
              accepted += 1
            } catch is TensorFileError { refused += 1 }
          }
        } catch is TensorFileError { refused += 1 }
      }
      #expect(accepted > 300 && refused > 300, "\(accepted), \(refused)")
    }
  }
}
