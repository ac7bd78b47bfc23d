import CKernels
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension KernelTests {
  @Suite struct Randomness {
    static func block(_ counter: [UInt32], _ key: [UInt32]) -> [UInt32] {
      var words = [UInt32](repeating: 0, count: 4)
      loqt_philox_block(counter, key, &words)
      return words
    }

    @Test("Philox gives the published blocks")
    func publishedBlocks() {
      // The known answers distributed with Random123.
      #expect(
        Self.block([0, 0, 0, 0], [0, 0])
          == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
      #expect(
        Self.block([.max, .max, .max, .max], [.max, .max])
          == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
      #expect(
        Self.block(
          [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0])
          == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
    }

    @Test("Philox counts across the carry and writes no more blocks than asked for")
    func philoxCarry() {
      let key: UInt64 = 0x299f_31d0_a409_3822
      let stream: UInt64 = 0x0370_7344_1319_8a2e
      for counter in [0, 0xffff_fff8, .max - 3] as [UInt64] {
        for blocks in [0, 1, 5, 16, 17, 40] {
          let expected = (0..<blocks).flatMap { b -> [UInt32] in
            let at = counter &+ UInt64(b)
            return Self.block(
              [
                UInt32(truncatingIfNeeded: at), UInt32(at >> 32),
                UInt32(truncatingIfNeeded: stream), UInt32(stream >> 32),
              ], [UInt32(truncatingIfNeeded: key), UInt32(key >> 32)])
          }
          for words in atEveryInstructionSet({ () -> [UInt32] in
            var words = [UInt32](repeating: 7, count: 4 * blocks + 3)
            loqt_philox(key, stream, counter, &words, blocks)
            return words
          }) {
            #expect(words == expected + [7, 7, 7])
          }
        }
      }
    }

    @Test("Numbers depend only on their place in the stream")
    func placesInStream() {
      let uniform = sameAtEveryInstructionSet("uniform f32") {
        produced(1000) { loqt_random_uniform_f32(1, 2, 3, $0, 1000) }
      }
      let normal = sameAtEveryInstructionSet("normal f32") {
        produced(1000) { loqt_random_normal_f32(1, 2, 3, $0, 1000) }
      }
      let uniform64 = sameAtEveryInstructionSet("uniform f64") {
        produced(1000) { loqt_random_uniform_f64(1, 2, 3, $0, 1000) }
      }
      let normal64 = sameAtEveryInstructionSet("normal f64") {
        produced(1000) { loqt_random_normal_f64(1, 2, 3, $0, 1000) }
      }
      for n in testSizes {
        #expect(produced(n) { loqt_random_uniform_f32(1, 2, 3, $0, n) } == Array(uniform[..<n]))
        #expect(produced(n) { loqt_random_normal_f32(1, 2, 3, $0, n) } == Array(normal[..<n]))
        #expect(produced(n) { loqt_random_uniform_f64(1, 2, 3, $0, n) } == Array(uniform64[..<n]))
        #expect(produced(n) { loqt_random_normal_f64(1, 2, 3, $0, n) } == Array(normal64[..<n]))
      }
      // Seven blocks further on in the stream.
      let later: [Float] = produced(50) { loqt_random_normal_f32(1, 2, 10, $0, 50) }
      #expect(later == Array(normal[28..<78]))
      let other: [Float] = produced(50) { loqt_random_normal_f32(1, 3, 3, $0, 50) }
      #expect(other != Array(normal[..<50]))
    }

    @Test("Normal floats are the Box-Muller transform of their words")
    func boxMuller() {
      var words = [UInt32](repeating: 0, count: 4000)
      loqt_philox(9, 8, 7, &words, 1000)
      let expected = stride(from: 0, to: 4000, by: 2).flatMap { i -> [Double] in
        let radius = (-2 * log(Double(Float(words[i] | 1)) * 0x1p-32)).squareRoot()
        let angle = 2 * Double.pi * Double(words[i + 1] >> 8) * 0x1p-24
        return [radius * cos(angle), radius * sin(angle)]
      }
      let normal: [Float] = produced(4000) { loqt_random_normal_f32(9, 8, 7, $0, 4000) }
      expectClose(normal, expected, units: 4, floor: 2, "normal")
    }

    func moments<T: KernelScalar>(_ uniform: [T], _ normal: [T]) {
      let n = Double(uniform.count)
      #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
      func moment(_ x: [T], _ power: Int) -> Double {
        x.reduce(0) { $0 + pow(Double($1), Double(power)) } / n
      }
      // Five standard deviations of each mean.
      #expect(abs(moment(uniform, 1) - 0.5) < 5 * (1 / (12 * n)).squareRoot())
      #expect(abs(moment(uniform, 2) - 1 / 3) < 5 * (4 / (45 * n)).squareRoot())
      #expect(abs(moment(normal, 1)) < 5 / n.squareRoot())
      #expect(abs(moment(normal, 2) - 1) < 5 * (2 / n).squareRoot())
      #expect(abs(moment(normal, 3)) < 5 * (15 / n).squareRoot())
      #expect(abs(moment(normal, 4) - 3) < 5 * (96 / n).squareRoot())
      let together = zip(normal, normal.dropFirst()).reduce(0) { $0 + Double($1.0 * $1.1) } / n
      #expect(abs(together) < 5 / n.squareRoot())
    }

    @Test("Moments are those of the distributions")
    func distributions() {
      let n = 200_000
      moments(
        produced(n) { loqt_random_uniform_f32(5, 0, 0, $0, n) },
        produced(n) { loqt_random_normal_f32(5, 1, 0, $0, n) } as [Float])
      moments(
        produced(n) { loqt_random_uniform_f64(5, 0, 0, $0, n) },
        produced(n) { loqt_random_normal_f64(5, 1, 0, $0, n) } as [Double])
    }
  }
}
