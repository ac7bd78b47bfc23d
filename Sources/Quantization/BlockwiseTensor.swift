import Tensors

/// A quantised tensor that is built part by part, so that it need never exist whole in float.
protocol BlockwiseTensor: QuantizedTensor {
  /// The number of elements that must be present together: those of a block, of a row, or all.
  var unitSize: Int { get }
  /// Quantises whole units, the last of which may be short, from element `start` on; rounds
  /// stochastically if there is a generator.
  mutating func quantize(
    _ x: UnsafePointer<Float>, count: Int, at start: Int, rounding random: inout RandomSource?)
}

extension BlockwiseTensor {
  /// Quantises the parts that `fill` hands over in row-major order. The result is that of
  /// quantising all elements at once, however they are cut. Traps unless there are as many as the
  /// shape has.
  mutating func take(
    rounding random: RandomSource?, _ fill: (_ append: (Tensor<Float>) -> Void) throws -> Void
  ) rethrows {
    var random = random
    var cutter = BlockCutter(elementCount: shape.elementCount, blockSize: unitSize)
    var start = 0
    func quantizeNext(_ x: UnsafePointer<Float>, count: Int) {
      quantize(x, count: count, at: start, rounding: &random)
      start += count
    }
    try fill { x in
      x.withPointer { cutter.append($0, count: x.elementCount, quantizeNext) }
    }
    cutter.finish(quantizeNext)
  }
}

extension RandomSource {
  /// A generator for rounding one tensor, a different one each time.
  mutating func forRounding() -> RandomSource { split(next()) }
}

/// Calls `body` with parts of `count` elements, in parallel: whole units, the last of which may be
/// short, and a random number of [0, 1) for each element if there is a generator. At most 4 MiB of
/// random numbers are drawn at a time (or one unit, if that is more).
func forEachPart(
  of count: Int, unit: Int, _ random: inout RandomSource?,
  _ body: (_ elements: Range<Int>, _ draws: UnsafePointer<Float>?) -> Void
) {
  func run(_ units: Range<Int>, _ draws: UnsafePointer<Float>?) {
    parallelFor(units.count, grain: max(1, elementwiseGrain / unit)) { part in
      let first = (units.lowerBound + part.lowerBound) * unit
      let end = min(count, (units.lowerBound + part.upperBound) * unit)
      body(first..<end, draws.map { $0 + part.lowerBound * unit })
    }
  }
  let units = dividedUp(count, by: unit)
  guard var source = random else { return run(0..<units, nil) }
  let height = max(1, (1 << 20) / unit)
  for start in stride(from: 0, to: units, by: height) {
    let end = min(units, start + height)
    Tensor<Float>.uniform([(end - start) * unit], using: &source).withPointer {
      run(start..<end, $0)
    }
  }
  random = source
}
