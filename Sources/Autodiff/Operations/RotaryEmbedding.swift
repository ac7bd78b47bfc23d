public import Tensors

/// The angles of a rotary position embedding (Su et al., 2021, arXiv 2104.09864), in the half-split
/// form of published Llama checkpoints: element i of a head turns with element i + headSize / 2, at
/// position p by p * base^(-2i / headSize) radians.
public struct RotaryAngles: Sendable {
  /// The number of positions that the angles are known for.
  public let positions: Int
  /// The size of a head.
  public let headSize: Int
  /// The base of the frequencies.
  public let base: Double
  private let table: RotaryTable<Float>

  /// The angles for positions below `positions`. Traps on an odd head size.
  public init(positions: Int, headSize: Int, base: Double = 10_000) {
    self.positions = positions
    self.headSize = headSize
    self.base = base
    table = RotaryTable(positions: positions, headSize: headSize, base: base)
  }

  func table<Scalar: RealScalar>(as type: Scalar.Type) -> RotaryTable<Scalar> {
    table as? RotaryTable<Scalar>
      ?? RotaryTable(positions: positions, headSize: headSize, base: base)
  }
}

/// Each head turned by its token's position. Keeps nothing.
///
/// - Parameters:
///   - x: `[batch, tokens, heads, headSize]`.
///   - angles: the angle of every position.
///   - positions: `[tokens]`, the same for each sequence, or `[batch, tokens]`; 0, 1, 2, ... when
///     left out.
///
/// Traps on a position without angles, and when the shapes do not fit.
public func rotaryEmbedding(
  _ x: Variable, _ angles: RotaryAngles, positions: Tensor<Int32>? = nil
) -> Variable {
  precondition(
    x.shape.rank == 4, "rotaryEmbedding: x \(x.shape) is not [batch, tokens, heads, size]")
  let positions = positions ?? Tensor((0..<Int32(x.shape[1])).map { $0 })
  return RotaryEmbedding(angles: angles, positions: positions)(x)
}

private struct RotaryEmbedding: CustomOperation {
  let angles: RotaryAngles
  let positions: Tensor<Int32>

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    angles.table(as: S.self).rotated(inputs[0], positions: positions)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    [angles.table(as: S.self).rotated(gradient, positions: positions, .backward)]
  }
}
