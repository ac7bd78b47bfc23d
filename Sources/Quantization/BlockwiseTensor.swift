import Tensors

/// A quantised tensor that is made part by part, so that it need never lie whole in float.
protocol BlockwiseTensor: QuantizedTensor {
  /// Elements that have to be there together: a block, a row, or all.
  var unitSize: Int { get }
  /// Quantises whole units, the last of the tensor maybe short, from element `start` on; each
  /// element is rounded at random where there is a generator.
  mutating func quantize(
    _ x: UnsafePointer<Float>, count: Int, at start: Int, rounding random: inout RandomSource?)
}

extension BlockwiseTensor {
  /// Quantises the parts that `fill` hands over in row-major order. However the elements are cut, the
  /// result is that of quantising them at once. Traps when they are not as many as the shape has.
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
  /// A generator for the rounding of one tensor, another one each time.
  mutating func forRounding() -> RandomSource { split(next()) }
}

/// Calls `body` with parts of `count` elements, in parallel: whole units, of which the last may be
/// short; and with a random number of [0, 1) for each element where there is a generator. So few are
/// drawn at a time that they take 4 MiB at most (or one unit, where that is more).
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
