package import Tensors

/// The angles between two subspaces, in degrees: 0 for a direction they share, 90 for one of which the
/// other has nothing.
public struct PrincipalAngles: Sendable, Hashable, Codable {
  /// The least angle.
  public var smallest: Double
  /// The middle one, the upper of two.
  public var median: Double
  /// The largest angle.
  public var largest: Double

  /// The angles whose cosines are the singular values of P_newᵀ P_old, with P nearly orthonormal; nil
  /// when they cannot be found.
  package init?(cosines overlap: Tensor<Float>) {
    // Their squares are eigenvalues, found in a third of the time; what the squares of small cosines
    // lose is below a fiftieth of a degree.
    let (rows, columns) = (overlap.shape[0], overlap.shape[1])
    let gram =
      rows <= columns
      ? matmul(overlap, overlap.transposed()) : matmul(overlap.transposed(), overlap)
    guard let squares = try? symmetricEigenvalues(gram).scalars, !squares.isEmpty else {
      return nil
    }
    // Falling cosines are rising angles.
    let angles = squares.reversed().map { square -> Double in
      let c = min(1, max(0, Double(square)).squareRoot())
      // tan(angle / 2), which keeps its digits near 0.
      return 2 * (ScalarMath.arctangent(((1 - c) / (1 + c)).squareRoot()) * 180 / Double.pi)
    }
    (smallest, median, largest) = (angles[0], angles[angles.count / 2], angles[angles.count - 1])
  }
}
