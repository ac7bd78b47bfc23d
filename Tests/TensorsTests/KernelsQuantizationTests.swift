import CKernels
import Tensors
import TestSupport
import Testing

extension KernelTests {
  @Suite struct Quantization {
    static let levels: [Float] = produced(16) { loqt_code4_levels(Int32(LOQT_NF4), $0) }

    /// The decision rule of bitsandbytes, one value at a time.
    static func quantize(_ x: [Float], block: Int) -> (codes: [UInt8], absmax: [Float]) {
      let thresholds = (0..<15).map { (levels[$0] + levels[$0 + 1]) * 0.5 }
      func code(_ x: Float) -> UInt8 { UInt8(thresholds.filter { x > $0 }.count) }
      var codes: [UInt8] = []
      var absmax: [Float] = []
      for begin in stride(from: 0, to: x.count, by: block) {
        let values = x[begin..<min(begin + block, x.count)]
        // As bit patterns NaN is the largest magnitude.
        let largest = Float(bitPattern: values.map { $0.magnitude.bitPattern }.max()!)
        let divisor = largest < 1e-38 ? 1e-38 : largest
        let whole = values.count == block
        absmax.append(whole ? largest : divisor)
        for value in values { codes.append(code(whole ? value * (1 / divisor) : value / divisor)) }
      }
      if codes.count % 2 == 1 { codes.append(code(0)) }
      let packed = stride(from: 0, to: codes.count, by: 2).map { codes[$0] << 4 | codes[$0 + 1] }
      return (packed, absmax)
    }

    static func coded(_ x: [Float], block: Int) -> (codes: [UInt8], absmax: [Float]) {
      var codes = [UInt8](repeating: 0xA5, count: (x.count + 1) / 2 + 9)
      let absmax: [Float] = produced((x.count + block - 1) / block) { absmax in
        loqt_code4_quantize(Int32(LOQT_NF4), x, x.count, block, &codes, absmax)
      }
      #expect(codes.suffix(9).allSatisfy { $0 == 0xA5 })
      return (Array(codes.dropLast(9)), absmax)
    }

    static func expectExactCodes(_ x: [Float], block: Int) {
      let expected = quantize(x, block: block)
      for coded in atEveryInstructionSet({ coded(x, block: block) }) {
        #expect(coded.codes == expected.codes)
        #expect(zip(coded.absmax, expected.absmax).allSatisfy { $0.sameBits(as: $1) })
      }
    }

    @Test("NF4 codes follow the exact decision rule", arguments: [64, 128, 2, 6, 18, 256])
    func nf4Codes(block: Int) {
      for n in testSizes + [4096, 4097, 5000] {
        Self.expectExactCodes(numbers(n, seed: 40, scale: 0.02), block: block)
      }
    }

    @Test("NF4 decides ties and neighbours of thresholds exactly")
    func nf4Thresholds() {
      let thresholds = (0..<15).map { (Self.levels[$0] + Self.levels[$0 + 1]) * 0.5 }
      let values = thresholds.flatMap { [$0, $0.nextUp, $0.nextDown] } + Self.levels
      for scale in [1, 0.37, 3e-30, 1e20] as [Float] {
        // The largest magnitude is in both a full block and a short one.
        let x = values.map { $0 * scale } + [scale, 0, -0.0] + values.map { $0 * scale }
        Self.expectExactCodes(x + [scale], block: 64)
      }
    }

    @Test("NF4 handles zeros, NaN and infinity")
    func nf4Specials() {
      var x: [Float] = numbers(400, seed: 41)
      for i in 0..<64 { x[i] = 0 }
      x[70] = .nan
      x[130] = .infinity
      x[131] = 0
      x[200] = -.infinity
      for i in 256..<320 { x[i] *= 0x1p-140 }
      x[399] = .nan
      Self.expectExactCodes(x, block: 64)
      Self.expectExactCodes([0, 0, 0], block: 64)
      let coded = Self.coded(x, block: 64)
      #expect(coded.absmax[0] == 0 && coded.codes[..<32].allSatisfy { $0 == 0x77 })
      #expect(coded.absmax[1].isNaN && coded.absmax[2] == .infinity && coded.absmax[6].isNaN)
    }

    static func dequantize(
      _ codes: [UInt8], _ absmax: [Float], _ first: Int, _ rows: Int, _ columns: Int,
      _ length: Int, _ block: Int, _ out: UnsafeMutablePointer<Float>
    ) {
      absmax.withUnsafeBufferPointer { absmax in
        var scales = loqt_scales4()
        scales.values = absmax.baseAddress
        loqt_code4_dequantize(
          Int32(LOQT_NF4), codes, &scales, first, rows, columns, length, block, out)
      }
    }

    @Test("NF4 dequantises any range to single products")
    func nf4Ranges() {
      let n = 1003
      for block in [64, 2, 18, 128] {
        let codes = (0..<(n + 1) / 2).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        let absmax: [Float] = numbers((n + block - 1) / block, seed: 42, scale: 3)
        let expected = (0..<n).map { (i: Int) -> Float in
          let code = i % 2 == 0 ? codes[i / 2] >> 4 : codes[i / 2] & 15
          return Self.levels[Int(code)] * absmax[i / block]
        }
        for (first, count) in [
          (0, n), (0, 0), (1, 1), (1, 500), (63, 130), (64, 64), (777, 226), (500, 17),
        ] {
          let y = sameAtEveryInstructionSet("nf4_dequantize") {
            produced(count) {
              Self.dequantize(codes, absmax, first, 1, count, 0, block, $0)
            }
          }
          #expect(y == Array(expected[first..<first + count]))
          // The same as a row and a part of the next.
          let panel = sameAtEveryInstructionSet("nf4_panel") {
            produced(count / 2 * 2) {
              Self.dequantize(codes, absmax, first, 2, count / 2, count / 2, block, $0)
            }
          }
          #expect(panel == Array(expected[first..<first + count / 2 * 2]))
        }
      }
    }

    @Test("NF4 codes of dequantised values are unchanged")
    func nf4Again() {
      let x: [Float] = numbers(64 * 50, seed: 43)
      let coded = Self.coded(x, block: 64)
      let y: [Float] = produced(x.count) {
        Self.dequantize(coded.codes, coded.absmax, 0, 1, x.count, 0, 64, $0)
      }
      let again = Self.coded(y, block: 64)
      #expect(again.codes == coded.codes && again.absmax == coded.absmax)
    }

    /// The dynamic maps as bitsandbytes makes them.
    static let maps: [[Float]] = {
      let fixture = try! Fixture("quantization")
      return ["map_signed", "map_unsigned"].map { try! fixture.tensor("map", of: $0).scalars }
    }()

    static func prepared(_ map: [Float]) -> UnsafeMutablePointer<loqt_map8> {
      let prepared = UnsafeMutablePointer<loqt_map8>.allocate(capacity: 1)
      loqt_map8_prepare(map, prepared)
      return prepared
    }

    @Test("8-bit codes are those of the nearest values", arguments: maps.indices)
    func map8Codes(index: Int) {
      let values = Self.maps[index]
      let map = Self.prepared(values)
      defer { map.deallocate() }
      for (n, block) in [(0, 64), (1, 256), (255, 256), (256, 256), (5000, 256), (777, 10)] {
        var x: [Float] = numbers(n, seed: 44)
        if n > 700 {
          for i in 0..<255 { x[2 * i] = (values[i] + values[i + 1]) / 2 }
          x[511] = 1
          for i in 600..<700 { x[i] = 0 }
        }

        let results = atEveryInstructionSet { () -> ([UInt8], [Float]) in
          var codes = [UInt8](repeating: 0xA5, count: n + 7)
          let absmax: [Float] = produced((n + block - 1) / block) {
            loqt_map8_quantize(x, n, block, map, &codes, $0)
          }
          #expect(codes.suffix(7).allSatisfy { $0 == 0xA5 })
          return (Array(codes.dropLast(7)), absmax)
        }
        for (codes, absmax) in results {
          #expect(absmax == results[0].1)
          for i in 0..<n {
            let scale = absmax[i / block]
            let value = Double(scale == 0 ? 0 : x[i] / scale)
            let distances = values.map { abs(Double($0) - value) }
            let nearest = distances.firstIndex(of: distances.min()!)!
            guard Int(codes[i]) == nearest else {
              Issue.record("code of \(x[i]) is \(codes[i]), the nearest is \(nearest)")
              return
            }
          }
          for first in [0, 1, n / 3] where first < n {
            let y: [Float] = produced(n - first) {
              loqt_map8_dequantize(codes, absmax, first, n - first, block, map, $0)
            }
            #expect(y == (first..<n).map { values[Int(codes[$0])] * absmax[$0 / block] })
          }
        }
      }
    }

    /// Codes change only at thresholds, so numbers beside these, and on a fine grid between them,
    /// reveal a wrong decision. At some of the scales the quotient is rounded; others are at the
    /// ends of the range of floats.
    @Test(
      "8-bit codes are the same on every instruction set",
      arguments: maps.indices, [1, 0.37, 3.3e-30, 1.7e20, 2.5e38, 0x1p-130] as [Float])
    func map8InstructionSets(index: Int, scale: Float) {
      let values = Self.maps[index]
      let map = Self.prepared(values)
      defer { map.deallocate() }
      var x: [Float] = []
      for (lower, upper) in zip(values, values.dropFirst()) {
        let middle = Float((Double(lower) + Double(upper)) / 2)
        var (below, above) = (middle, middle)
        for _ in 0..<4 {
          x += [below, above]
          (below, above) = (below.nextDown, above.nextUp)
        }
        // One of 64 steps within the binade of the threshold.
        let step = middle.binade * 0x1p-6
        for k in -40...40 { x.append(middle + Float(k) * step) }
      }
      x = x.filter { abs($0) <= 1 }.map { $0 * scale }
      x += x.map { -$0 }
      // Each block ends with the largest magnitude.
      let count = x.count / 255 * 255
      let blocks = stride(from: 0, to: count, by: 255).flatMap { x[$0..<$0 + 255] + [scale] }
      let results = atEveryInstructionSet { () -> [UInt8] in
        var codes = [UInt8](repeating: 0, count: blocks.count)
        var absmax = [Float](repeating: 0, count: blocks.count / 256)
        loqt_map8_quantize(blocks, blocks.count, 256, map, &codes, &absmax)
        #expect(absmax.allSatisfy { $0 == scale })
        return codes
      }
      #expect(results.allSatisfy { $0 == results[0] })
    }

    @Test("8-bit codes handle NaN and infinity")
    func map8Specials() {
      let x: [Float] = [.nan, 1, -.infinity, .infinity, 0, 2] + numbers(30, seed: 45)
      let map = Self.prepared(Self.maps[0])
      defer { map.deallocate() }
      let codes = atEveryInstructionSet { () -> [UInt8] in
        var codes = [UInt8](repeating: 0, count: x.count)
        var absmax: [Float] = [0, 0]
        loqt_map8_quantize(x, x.count, 18, map, &codes, &absmax)
        #expect(absmax[0].isNaN)
        return codes
      }
      #expect(codes.allSatisfy { $0 == codes[0] })
    }
  }
}
