/// Which way a rotary embedding turns.
package enum RotaryDirection: Sendable {
  /// By the position's angle.
  case forward
  /// Back by the same angle: the inverse, and so the gradient.
  case backward
}

/// The angles of a rotary position embedding (Su et al., 2021), in the half-split form of published
/// Llama checkpoints: element i of a head turns with element i + headSize / 2.
package struct RotaryTable<Scalar: RealScalar>: Sendable {
  /// cos(position * frequency), `[positions, headSize / 2]`.
  package let cosine: Tensor<Scalar>
  /// The sines of the same angles.
  package let sine: Tensor<Scalar>

  /// The table for positions below `positions`, computed in double precision. Traps on an odd head
  /// size.
  package init(positions: Int, headSize: Int, base: Double = 10_000) {
    self.init(
      positions: positions, frequencies: Self.frequencies(headSize: headSize, base: base))
  }

  /// The angles per position in radians, base^(-2i / headSize), `[headSize / 2]`. Traps on an odd
  /// head size.
  package static func frequencies(headSize: Int, base: Double) -> Tensor<Double> {
    precondition(headSize % 2 == 0, "RotaryTable: head size \(headSize) is odd")
    let exponents = (0..<headSize / 2).map { -2 * Double($0) / Double(headSize) }
    return pow(Tensor(base), Tensor(exponents))
  }

  /// The table for positions below `positions` with `frequencies`, `[headSize / 2]` radians per
  /// position; elements are also multiplied by `scale` when they are rotated.
  package init(positions: Int, frequencies: Tensor<Double>, scale: Double = 1) {
    let angles = Tensor((0..<positions).map(Double.init)).expandingShape(at: 1) * frequencies
    let (cosine, sine) = (cos(angles), sin(angles))
    self.cosine = (scale == 1 ? cosine : cosine * scale).converted(to: Scalar.self)
    self.sine = (scale == 1 ? sine : sine * scale).converted(to: Scalar.self)
  }

  /// The number of positions.
  package var positions: Int { cosine.shape[0] }

  /// `x` `[batch, tokens, heads, headSize]` with each head rotated by its token's position; in
  /// place if nothing else holds `x`. `positions` is `[tokens]`, the same for every sequence, or
  /// `[batch, tokens]`. Traps on a position outside the table and on shapes that do not fit.
  package func rotated(
    _ x: consuming Tensor<Scalar>, positions: Tensor<Int32>, _ direction: RotaryDirection = .forward
  ) -> Tensor<Scalar> {
    var y = x
    let shape = y.shape
    precondition(
      shape.rank == 4 && shape[3] == 2 * cosine.shape[1]
        && (positions.shape == [shape[1]] || positions.shape == [shape[0], shape[1]]),
      """
      RotaryTable: x \(shape), positions \(positions.shape), head size \(2 * cosine.shape[1])
      """)
    let known = Int32(self.positions)
    positions.withUnsafeBuffer { buffer in
      for position in buffer {
        precondition(
          position >= 0 && position < known,
          "RotaryTable: position \(position) is not below \(known)")
      }
    }
    let (tokens, heads, headSize) = (shape[1], shape[2], shape[3])
    let stride = heads * headSize
    let shared = positions.rank == 1
    let sign: Scalar = direction == .forward ? 1 : -1
    y.withMutablePointer { y in
      positions.withPointer { positions in
        cosine.withPointer { cosine in
          sine.withPointer { sine in
            parallelFor(shape[0] * tokens, grain: rowGrain(stride)) { range in
              var row = range.lowerBound
              while row < range.upperBound {
                let token = row % tokens
                let count = min(range.upperBound - row, tokens - token)
                Scalar._rotary(
                  y + row * stride, positions + (shared ? token : row), cosine, sine, sign, count,
                  heads, headSize, stride)
                row += count
              }
            }
          }
        }
      }
    }
    return y
  }
}
