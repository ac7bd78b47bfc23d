import Tensors

extension RandomSource {
  /// A generator for the rounding of one tensor, another one each time.
  mutating func forRounding() -> RandomSource { split(next()) }
}

/// Calls `body` with one run of rows after the other, and with a random number of [0, 1) for each of
/// their elements where there is a generator: so few rows at a time that these take 4 MiB at most
/// (or one row, where that is more).
func forEachBatch(
  of rows: Int, columns: Int, _ random: inout RandomSource?,
  _ body: (_ rows: Range<Int>, _ draws: UnsafePointer<Float>?) -> Void
) {
  guard var source = random else { return body(0..<rows, nil) }
  let height = max(1, (1 << 20) / max(1, columns))
  for start in stride(from: 0, to: rows, by: height) {
    let end = min(rows, start + height)
    let draws = Tensor<Float>.uniform([(end - start) * columns], using: &source)
    draws.withPointer { body(start..<end, $0) }
  }
  random = source
}

/// The index of the level next below `value` or next above it, the likelier the nearer, so that the
/// expected level is the value; a value beyond the ends has the end. `levels` are sorted and a power
/// of two in number; `draw` is uniform in [0, 1).
func randomLevel(
  of value: Float, _ draw: Float, among levels: UnsafePointer<Float>, count: Int
) -> Int {
  var below = 0
  var step = count / 2
  while step > 0 {
    if levels[below + step] <= value { below += step }
    step /= 2
  }
  guard below + 1 < count else { return below }
  let distance = value - levels[below]
  return draw * (levels[below + 1] - levels[below]) < distance ? below + 1 : below
}
