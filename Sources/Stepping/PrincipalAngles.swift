package import Tensors

/// The principal angles between two subspaces, in degrees: 0 for a shared direction, 90 for one that is
/// orthogonal to the other subspace.
public struct PrincipalAngles: Sendable, Hashable, Codable {
  /// The smallest angle.
  public var smallest: Double
  /// The middle angle, or the upper of the two middle ones.
  public var median: Double
  /// The largest angle.
  public var largest: Double

  /// The angles whose cosines are the singular values of P_newᵀ P_old, with P nearly orthonormal; nil if
  /// they cannot be computed.
  package init?(cosines overlap: Tensor<Float>) {
    // The squares of the singular values are eigenvalues, found in a third of the time; the precision lost
    // by squaring small cosines is below a fiftieth of a degree.
    let (rows, columns) = (overlap.shape[0], overlap.shape[1])
    let gram =
      rows <= columns
      ? matmul(overlap, overlap.transposed()) : matmul(overlap.transposed(), overlap)
    guard let squares = try? symmetricEigenvalues(gram).scalars, !squares.isEmpty else {
      return nil
    }
    // Descending cosines are ascending angles.
    let angles = squares.reversed().map { square -> Double in
      let c = min(1, max(0, Double(square)).squareRoot())
      // tan(angle / 2), which stays accurate near 0.
      return 2 * (ScalarMath.arctangent(((1 - c) / (1 + c)).squareRoot()) * 180 / Double.pi)
    }
    (smallest, median, largest) = (angles[0], angles[angles.count / 2], angles[angles.count - 1])
  }
}
