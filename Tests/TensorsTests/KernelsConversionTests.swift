import CKernels
import Testing

extension KernelTests {
  @Suite struct Conversions {
    static func words(_ count: Int, by write: (UnsafeMutablePointer<UInt16>) -> Void) -> [UInt16] {
      let results = atEveryInstructionSet { () -> [UInt16] in
        var words = [UInt16](repeating: 0xABCD, count: count + 9)
        write(&words)
        #expect(words[count...].allSatisfy { $0 == 0xABCD })
        return Array(words[..<count])
      }
      #expect(results.allSatisfy { $0 == results[0] })
      return results[0]
    }

    /// Floats of every exponent, and the neighbours of every tie between half values.
    static let floats: [Float] =
      stride(from: UInt64(0), to: 1 << 32, by: 65521).map { Float(bitPattern: UInt32($0)) }
      + stride(from: UInt32(0x3300_0000), to: 0x4780_0000, by: 0x1000).flatMap {
        [Float(bitPattern: $0), Float(bitPattern: $0 &+ 1), -Float(bitPattern: $0 &- 1)]
      } + [.infinity, -.infinity, .nan, 65519.996, 65520, -65520, 0x1p-25, 0x1.000002p-25, 0x1p-24]

    #if arch(arm64) || os(Linux)
      @Test("Half precision rounds as the hardware type does")
      func halfRounding() {
        let x = Self.floats
        let y = Self.words(x.count) { loqt_f32_to_f16(x, $0, x.count) }
        for (value, word) in zip(x, y) {
          let expected = Float16(value)
          let same =
            Float16(bitPattern: word) == expected && word >> 15 == expected.bitPattern >> 15
          guard same || value.isNaN && Float16(bitPattern: word).isNaN else {
            Issue.record("\(value) becomes \(Float16(bitPattern: word)), expected \(expected)")
            return
          }
        }
      }

      @Test("Every half-precision number becomes its float")
      func halfWidening() {
        let halves = (0...UInt16.max).map { $0 }
        let floats = sameAtEveryInstructionSet("f16_to_f32") {
          produced(halves.count) { loqt_f16_to_f32(halves, $0, halves.count) }
        }
        #expect(
          zip(halves, floats).allSatisfy {
            let exact = Float(Float16(bitPattern: $0))
            return $1.sameBits(as: exact)
          })
        let again = Self.words(halves.count) { loqt_f32_to_f16(floats, $0, floats.count) }
        #expect(zip(halves, again).allSatisfy { $0 == $1 || $0 & 0x7fff > 0x7c00 })
      }
    #endif

    @Test("Numbers round to the nearest bfloat16, ties to even")
    func bfloat16Rounding() {
      let x = Self.floats
      let y = Self.words(x.count) { loqt_f32_to_bf16(x, $0, x.count) }
      for (value, word) in zip(x, y) {
        let lower = value.bitPattern & 0xffff_0000
        let rest = value.bitPattern & 0xffff
        let up = rest > 0x8000 || rest == 0x8000 && lower >> 16 & 1 == 1
        let expected = UInt16(truncatingIfNeeded: (lower >> 16) &+ (up ? 1 : 0))
        let isNaN = word & 0x7fff > 0x7f80
        guard value.isNaN ? isNaN : word == expected else {
          Issue.record("\(value) becomes \(word), expected \(expected)")
          return
        }
      }
      let all = (0...UInt16.max).map { $0 }
      let floats = sameAtEveryInstructionSet("bf16_to_f32") {
        produced(all.count) { loqt_bf16_to_f32(all, $0, all.count) }
      }
      #expect(zip(all, floats).allSatisfy { UInt32($0) << 16 == $1.bitPattern || $1.isNaN })
    }

    @Test("Stochastic rounding goes away from 0 where the drawn bits carry")
    func stochasticRounding() {
      let x = Self.floats
      var draws = loqt_draws(key: 7, stream: 11, counter: 13)
      var words = [UInt32](repeating: 0, count: (x.count + 7) / 8 * 4)
      loqt_philox(7, 11, 13, &words, words.count / 4)
      let y = Self.words(x.count) { loqt_f32_to_bf16_random(x, $0, x.count, &draws) }
      for (i, (value, word)) in zip(x, y).enumerated() {
        let drawn = words[i / 2] >> (16 * UInt32(i % 2)) & 0xffff
        let up = value.bitPattern & 0xffff + drawn > 0xffff
        let expected = UInt16(value.bitPattern >> 16) &+ (up ? 1 : 0)
        let isNaN = word & 0x7fff > 0x7f80
        guard value.isNaN ? isNaN : word == expected else {
          Issue.record("\(value) with \(drawn) becomes \(word), expected \(expected)")
          return
        }
      }
      for n in testSizes {
        let part = Self.words(n) { loqt_f32_to_bf16_random(x, $0, n, &draws) }
        #expect(part == Array(y[..<n]))
      }
    }

    @Test("Conversions of every length write that length and no more")
    func lengths() {
      for n in testSizes {
        let x = Array(Self.floats[1000..<1000 + n])
        let doubles = sameAtEveryInstructionSet("f32_to_f64") {
          produced(n) { loqt_f32_to_f64(x, $0, n) }
        }
        #expect(doubles == x.map { Double($0) })
        let singles: [Float] = produced(n) { loqt_f64_to_f32(doubles, $0, n) }
        #expect(singles == x)
        _ = Self.words(n) { loqt_f32_to_f16(x, $0, n) }
        _ = Self.words(n) { loqt_f32_to_bf16(x, $0, n) }
      }
    }
  }
}
