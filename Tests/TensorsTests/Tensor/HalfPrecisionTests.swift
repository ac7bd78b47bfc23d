import Tensors
import Testing

struct HalfPrecisionTests {
  @Test("Every BFloat16 returns from Float unchanged")
  func roundTrip() {
    let all = Tensor((0...UInt16.max).map { BFloat16(bitPattern: $0) })
    let floats = all.converted(to: Float.self)
    let back = floats.converted(to: BFloat16.self)
    var different = 0
    for (a, b) in zip(all.scalars, back.scalars) {
      let same = a.bitPattern == b.bitPattern || (Float(a).isNaN && Float(b).isNaN)
      let value = Float(bitPattern: UInt32(a.bitPattern) << 16)
      if !same || (Float(a) != value && !value.isNaN) || (BFloat16(value) != a && !value.isNaN) {
        different += 1
      }
    }
    #expect(different == 0)
  }

  @Test("Rounding goes to the nearest value, ties to even")
  func rounding() {
    var source = RandomSource(seed: 3)
    var floats = (0..<20_000).map { _ in
      Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &source))
    }
    // Halfway between neighbours, below and above an even one.
    floats += [1 + 0x1p-8, 1 + 3 * 0x1p-8, -1 - 0x1p-8, .greatestFiniteMagnitude, 0x1p-149]
    let rounded = Tensor(floats).converted(to: BFloat16.self).scalars
    var wrong = 0
    for (x, y) in zip(floats, rounded) where !x.isNaN {
      let bits = BFloat16(x)
      if bits != y { wrong += 1 }
      let down = Float(bitPattern: x.bitPattern & 0xFFFF_0000)
      let up = Float(bitPattern: (x.bitPattern & 0xFFFF_0000) &+ 0x1_0000)
      guard up.isFinite, down.isFinite else { continue }
      let (below, above) = (Swift.abs(Double(x) - Double(down)), Swift.abs(Double(up) - Double(x)))
      let expected =
        below < above ? down : above < below ? up : down.bitPattern >> 16 & 1 == 0 ? down : up
      if Float(y) != expected { wrong += 1 }
    }
    #expect(wrong == 0)
    #expect(Float(BFloat16(.greatestFiniteMagnitude)) == .infinity)
    #expect(Float(BFloat16(.nan)).isNaN)
  }

  @Test("Float16 conversion equals the language's own")
  func languageFloat16() {
    var source = RandomSource(seed: 4)
    let floats = Tensor<Float>.normal([3, 501], standardDeviation: 1000, using: &source)
    let halves = floats.transposed().converted(to: Float16.self)
    #expect(halves.shape == [501, 3])
    #expect(halves.scalars == floats.transposed().scalars.map { Float16($0) })
    #expect(halves.converted(to: Double.self).scalars == halves.scalars.map { Double($0) })
  }

  @Test("Tensors of 16 bits behave like other tensors")
  func sixteenBits() throws {
    let a: Tensor<BFloat16> = [[1, 2], [3, 4.5]]
    #expect(a.transposed().scalars == [1, 3, 2, 4.5])
    #expect(a.byteCount == 8)
    #expect(Tensor<BFloat16>.zeros([2])[1] == 0)
    #expect((a .> 2).scalars == [false, false, true, true])
    #expect(a.argmax(squeezingAxis: 1).scalars == [1, 1])
  }

  @Test("Stochastic rounding keeps the expected value")
  func expectedValue() {
    let count = 1 << 16
    // Fractions of the gap 2^-7 between the neighbours of numbers in 1 ..< 2, and in -2 ..< -1.
    for fraction in [0, 0x1p-16, 0.1, 0.5, 0.75, 1 - 0x1p-16] as [Float] {
      for sign in [1, -1] as [Float] {
        var source = RandomSource(seed: 5)
        let x = sign * (1 + fraction * 0x1p-7)
        let y = Tensor(repeating: x, shape: [count])
          .converted(to: BFloat16.self, using: &source).converted(to: Float.self).scalars
        #expect(y.allSatisfy { $0 == sign || $0 == sign * (1 + 0x1p-7) })
        let mean = y.reduce(0.0) { $0 + Double($1) } / Double(count)
        let share = Double(fraction)
        let deviation = (share * (1 - share) / Double(count)).squareRoot() * 0x1p-7
        // Five standard deviations of the mean; a value that has no neighbours stays exactly.
        #expect(abs(mean - Double(x)) <= 5 * deviation, "\(x)")
      }
    }
  }

  @Test("Stochastic rounding draws only from the given generator")
  func givenGenerator() {
    var source = RandomSource(seed: 5)
    let x = Tensor<Float>.normal([100_003], using: &source)
    let first = source
    let a = x.converted(to: BFloat16.self, using: &source)
    let moved = source
    let b = x.converted(to: BFloat16.self, using: &source)
    source = first
    #expect(a.scalars == x.converted(to: BFloat16.self, using: &source).scalars)
    #expect(a.scalars != b.scalars && source == moved && moved != first)
  }
}
