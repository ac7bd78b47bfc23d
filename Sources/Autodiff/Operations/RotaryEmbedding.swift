internal import Synchronization
public import Tensors

/// The angles of a rotary position embedding (Su et al., 2021, arXiv 2104.09864), in the half-split form
/// of published Llama checkpoints: elements i and i + headSize / 2 of a head are rotated at position p
/// by p * base^(-2i / headSize) radians, with frequencies changed by `scaling`.
///
/// Copies share one table, which grows with the positions in use.
public struct RotaryAngles: Sendable {
  /// The number of positions with angles.
  public let positions: Int
  /// The size of a head.
  public let headSize: Int
  /// The base of the frequencies.
  public let base: Double
  /// How the frequencies are changed for texts longer than the model was first trained on.
  public let scaling: RotaryScaling
  private let tables = RotaryTables()

  /// The angles for positions below `positions`. Traps on an odd head size.
  public init(
    positions: Int, headSize: Int, base: Double = 10_000, scaling: RotaryScaling = .none
  ) {
    precondition(headSize % 2 == 0, "RotaryAngles: head size \(headSize) is odd")
    self.positions = positions
    self.headSize = headSize
    self.base = base
    self.scaling = scaling
  }

  /// Bytes of the present table.
  public var byteCount: Int { tables.byteCount }

  /// A table with angles for at least the first `count` positions. Traps if there are fewer.
  func table<Scalar: RealScalar>(of count: Int, as type: Scalar.Type) -> RotaryTable<Scalar> {
    precondition(
      count <= positions, "RotaryAngles: position \(count - 1) is not below \(positions)")
    return tables.table(of: count, atMost: positions) { rows in
      let frequencies = RotaryTable<Scalar>.frequencies(headSize: headSize, base: base)
      return RotaryTable(
        positions: rows, frequencies: scaling.scaled(frequencies, base: base),
        scale: scaling.magnitude)
    }
  }
}

/// The table that copies of a `RotaryAngles` share.
private final class RotaryTables: Sendable {
  private let single = Mutex<RotaryTable<Float>?>(nil)

  var byteCount: Int { single.withLock { $0.map { 2 * $0.cosine.byteCount } ?? 0 } }

  /// The present table, or a new one by `make` if it has fewer than `count` positions. Its size doubles,
  /// so that texts that grow token by token rarely need a new one.
  func table<Scalar: RealScalar>(
    of count: Int, atMost limit: Int, _ make: (Int) -> RotaryTable<Scalar>
  ) -> RotaryTable<Scalar> {
    // Only gradient checks compute in double precision, so their tables are not kept.
    guard Scalar.self == Float.self else { return make(count) }
    return single.withLock { table in
      let held = table?.positions ?? 0
      if let table, held >= count { return table as! RotaryTable<Scalar> }
      let grown = make(max(count, min(2 * held, limit)))
      table = (grown as! RotaryTable<Float>)
      return grown
    }
  }
}

/// Rotates each head by its token's position. Saves nothing.
///
/// - Parameters:
///   - x: `[batch, tokens, heads, headSize]`.
///   - angles: The angles of every position.
///   - positions: `[tokens]` for all sequences, or `[batch, tokens]`; 0, 1, 2, ... when left out.
///
/// Traps on a position without angles, and if the shapes do not fit.
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

  /// The number of positions that need angles.
  private var count: Int { positions.elementCount == 0 ? 0 : Int(positions.maximum()) + 1 }

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    angles.table(of: count, as: S.self).rotated(inputs[0], positions: positions)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    [angles.table(of: count, as: S.self).rotated(gradient, positions: positions, .backward)]
  }
}
