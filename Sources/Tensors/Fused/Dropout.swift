/// Sets each element of `x` to 0 with probability `rate`, and divides it by 1 - `rate` otherwise
/// (Srivastava et al., 2014). In place if nothing else holds `x`.
///
/// The mask is drawn from `random` and not stored: the gradient is the same function, applied to
/// the gradient. Both precisions get the same mask. Traps unless `rate` is in `0..<1`.
package func dropout<Scalar: RealScalar>(
  _ x: consuming Tensor<Scalar>, rate: Double, random: RandomSource
) -> Tensor<Scalar> {
  precondition(rate >= 0 && rate < 1, "dropout: rate \(rate) is not in 0..<1")
  if rate == 0 { return x }
  let (source, result) = x.overwriting()
  let (x, y, count) = (source.base, result.base, result.elementCount)
  var random = random
  let start = random.reserve(blocks: 0)
  // A block of the generator gives four numbers.
  let chunk = 4096
  let perBlock = 4
  let chunks = (count + chunk - 1) / chunk
  parallelFor(chunks, grain: elementwiseGrain / chunk) { range in
    withUnsafeTemporaryAllocation(of: Float.self, capacity: chunk) { drawn in
      let uniform = drawn.baseAddress!
      for i in range {
        let first = i * chunk
        let size = min(chunk, count - first)
        Float._randomUniform(
          start.key, start.stream, start.counter &+ UInt64(first / perBlock), uniform, size)
        drop(x + first, y + first, size, uniform, Float(rate), Scalar(1 / (1 - rate)))
      }
    }
  }
  withExtendedLifetime(source) {}
  return result
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func drop<Scalar: RealScalar>(
  _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int,
  _ uniform: UnsafePointer<Float>, _ rate: Float, _ scale: Scalar
) {
  for i in 0..<count { y[i] = uniform[i] < rate ? 0 : x[i] * scale }
}
