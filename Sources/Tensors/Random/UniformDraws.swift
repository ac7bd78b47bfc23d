/// Uniform numbers in [0, 1) one by one, made many at a time.
struct UniformDraws: ~Copyable {
  private let storage = TensorStorage<Double>(count: 512)
  private var next = 512
  private var source: RandomSource

  init(_ source: RandomSource) { self.source = source }

  /// The generator behind what has been made.
  consuming func finish() -> RandomSource { source }

  mutating func draw() -> Double {
    if next == 512 {
      let start = source.reserve(blocks: 256)
      Double._randomUniform(start.key, start.stream, start.counter, storage.base, 512)
      next = 0
    }
    next += 1
    return storage.base[next - 1]
  }

  /// A number in (0, 1].
  mutating func drawPositive() -> Double { 1 - draw() }
}

extension Tensor where Scalar: RealScalar {
  /// A tensor of numbers drawn one after another.
  static func drawn(
    _ shape: Shape, using source: inout RandomSource, _ draw: (inout UniformDraws) -> Double
  ) -> Tensor {
    var draws = UniformDraws(source)
    let result = Tensor(unsafeUninitializedShape: shape) { out in
      for i in out.indices { out[i] = Scalar(draw(&draws)) }
    }
    source = draws.finish()
    return result
  }
}
