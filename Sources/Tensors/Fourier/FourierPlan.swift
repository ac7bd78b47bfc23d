internal import Synchronization

/// What a transform of one length needs: the roots of unity and the radices of its passes.
struct FourierPlan<Scalar: RealScalar>: Sendable {
  let length: Int
  /// The cosines of all multiples of the smallest angle, then the sines: `[2 * length]`.
  let roots: Tensor<Scalar>
  /// The radices of the passes; nil if a prime factor is too large for one.
  let radices: [Int]?

  /// Larger prime factors would make a pass slower than a transform by convolution.
  private static var largestRadix: Int { 31 }

  /// Plans of one length share their roots while they are among the few used last.
  static func of(length: Int) -> FourierPlan {
    let key = PlanKey(length: length, bytes: MemoryLayout<Scalar>.size)
    if let plan = recentPlans.withLock({ $0.first { $0.key == key } })?.plan {
      return plan as! FourierPlan
    }
    let plan = FourierPlan(length)
    recentPlans.withLock { plans in
      plans.removeAll { $0.key == key }
      plans.insert((key, plan), at: 0)
      if plans.count > 6 { plans.removeLast() }
    }
    return plan
  }

  private init(_ length: Int) {
    self.length = length
    roots = Tensor(unsafeUninitializedShape: [2 * length]) {
      Scalar.fourier.roots(length, $0.baseAddress!)
    }
    var rest = length
    var radices: [Int] = []
    for radix in [4, 2, 3, 5] + Array(Swift.stride(from: 7, through: Self.largestRadix, by: 2)) {
      while rest % radix == 0 {
        radices.append(radix)
        rest /= radix
      }
    }
    self.radices = rest == 1 ? radices : nil
  }

  /// The smallest length from `least` on whose prime factors are 2, 3 and 5.
  static func smoothLength(from least: Int) -> Int {
    var best = 1
    while best < least { best *= 2 }
    var fives = 1
    while fives < best {
      var threes = fives
      while threes < best {
        var length = threes
        while length < least { length *= 2 }
        best = Swift.min(best, length)
        threes *= 3
      }
      fives *= 5
    }
    return best
  }
}

private struct PlanKey: Hashable {
  let length: Int
  let bytes: Int
}

private let recentPlans = Mutex<[(key: PlanKey, plan: any Sendable)]>([])

/// Real and imaginary parts side by side in memory.
struct Parts<Scalar> {
  var real: UnsafeMutablePointer<Scalar>
  var imaginary: UnsafeMutablePointer<Scalar>

  static func + (parts: Parts, distance: Int) -> Parts {
    Parts(real: parts.real + distance, imaginary: parts.imaginary + distance)
  }

  /// The inverse transform is the transform with the parts exchanged before and after it.
  var swapped: Parts { Parts(real: imaginary, imaginary: real) }
}

extension FourierPlan {
  /// Transforms `[outer, length, inner]` along its middle axis, from `source`, which stays, to
  /// `target`.
  func run(_ source: Parts<Scalar>, to target: Parts<Scalar>, outer: Int, inner: Int) {
    let size = length * inner
    guard outer * size > 0 else { return }
    guard let radices else {
      precondition(inner == 1, "FourierPlan: a convolution wants its axis last")
      convolve(source, to: target, outer: outer)
      return
    }
    if outer >= Threads.count || size < 1 << 15 {
      // Whole transforms side by side.
      parallelFor(outer, grain: Swift.max(1, (1 << 13) / size)) { range in
        let scratch = TensorStorage<Scalar>(count: 2 * size)
        for i in range {
          passes(radices, source + i * size, target + i * size, scratch.base, inner) {
            $1(0..<$0)
          }
        }
        withExtendedLifetime(scratch) {}
      }
    } else {
      let scratch = TensorStorage<Scalar>(count: 2 * size)
      for i in 0..<outer {
        passes(radices, source + i * size, target + i * size, scratch.base, inner) {
          parallelFor($0, grain: 1, $1)
        }
      }
      withExtendedLifetime(scratch) {}
    }
  }

  /// The passes of one transform, each between buffers in turn so that the last writes the target.
  private func passes(
    _ radices: [Int], _ source: Parts<Scalar>, _ target: Parts<Scalar>,
    _ scratch: UnsafeMutablePointer<Scalar>, _ inner: Int,
    _ loop: (Int, (Range<Int>) -> Void) -> Void
  ) {
    let size = length * inner
    if radices.isEmpty {
      target.real.update(from: source.real, count: size)
      target.imaginary.update(from: source.imaginary, count: size)
      return
    }
    let between = Parts(real: scratch, imaginary: scratch + size)
    var (from, to) = (source, radices.count % 2 == 1 ? target : between)
    var (n, s) = (length, inner)
    let kernels = Scalar.fourier
    roots.withPointer { roots in
      for radix in radices {
        loop(n / radix) { range in
          kernels.pass(
            Int32(radix), n, s, length, range.lowerBound, range.upperBound, roots, from.real,
            from.imaginary, to.real, to.imaginary)
        }
        n /= radix
        s *= radix
        from = to
        to = to.real == target.real ? between : target
      }
    }
  }

  /// The transform as a convolution with a chirp, for lengths with large prime factors (Bluestein,
  /// IEEE Transactions on Audio and Electroacoustics 18, 1970).
  private func convolve(_ source: Parts<Scalar>, to target: Parts<Scalar>, outer: Int) {
    let n = length
    let plan = FourierPlan.of(length: FourierPlan.smoothLength(from: 2 * n - 1))
    let m = plan.length
    let kernels = Scalar.fourier
    // exp(i pi k^2 / n), which is a root of order 2 n.
    let chirp = TensorStorage<Scalar>(count: 2 * n)
    let table = FourierPlan.of(length: 2 * n).roots
    table.withPointer { table in
      var square = 0
      for k in 0..<n {
        chirp.base[k] = table[square]
        chirp.base[n + k] = table[2 * n + square]
        // (k + 1)^2 = k^2 + 2 k + 1.
        square = (square + 2 * k + 1) % (2 * n)
      }
    }
    let (cosine, sine) = (chirp.base, chirp.base + n)
    let work = TensorStorage<Scalar>(count: 6 * m)
    func parts(_ place: Int) -> Parts<Scalar> {
      Parts(real: work.base + 2 * place * m, imaginary: work.base + (2 * place + 1) * m)
    }
    let (filter, x, y) = (parts(0), parts(1), parts(2))
    func clear(_ parts: Parts<Scalar>) {
      parts.real.initialize(repeating: 0, count: m)
      parts.imaginary.initialize(repeating: 0, count: m)
    }
    clear(x)
    for k in 0..<n {
      (x.real[k], x.imaginary[k]) = (cosine[k], sine[k])
      if k > 0 { (x.real[m - k], x.imaginary[m - k]) = (cosine[k], sine[k]) }
    }
    plan.run(x, to: filter, outer: 1, inner: 1)
    let scale = 1 / Scalar(m)
    for i in 0..<outer {
      clear(x)
      let (from, to) = (source + i * n, target + i * n)
      // Products with the conjugate chirp: with the parts exchanged, products with the chirp.
      x.real.update(from: from.real, count: n)
      x.imaginary.update(from: from.imaginary, count: n)
      kernels.multiply(cosine, sine, x.imaginary, x.real, n)
      plan.run(x, to: y, outer: 1, inner: 1)
      kernels.multiply(filter.real, filter.imaginary, y.real, y.imaginary, m)
      plan.run(y.swapped, to: x.swapped, outer: 1, inner: 1)
      kernels.multiply(cosine, sine, x.imaginary, x.real, n)
      for k in 0..<n {
        to.real[k] = x.real[k] * scale
        to.imaginary[k] = x.imaginary[k] * scale
      }
    }
    withExtendedLifetime((chirp, work)) {}
  }
}
