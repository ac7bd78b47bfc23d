import Autodiff
import Optimizers
public import Quantization
public import QuantizedLayers
import Tensors

extension LoQTLinear: StoredLayer {
  /// W, and P after the first merge.
  public var storedFormats: [(name: String, format: WeightFormat?)] {
    [("weight", weightFormat), ("projection", projection?.format)]
  }

  /// Bytes of W and P.
  public var storedByteCounts: (weights: Int, projections: Int) {
    (byteCounts.weight, byteCounts.projection)
  }

  /// Restores W, P and B at the rank of the saved B.
  public func restore(from source: some StoredLayerSource) throws {
    let shape = source.shape(of: "factor") ?? factor.shape
    let rank = shape.rank == 2 ? shape[side == .left ? 1 : 0] : 0
    guard allows(rank: rank) else {
      throw source.mismatch(
        "factor", found: "rank \(rank)", expected: "that of the configuration, \(largestRank)")
    }
    let size: Shape = [outputSize, inputSize]
    guard let weight = try source.matrix("weight", size, format: nil) else {
      throw source.mismatch("weight", found: "no such matrix", expected: "\(size)")
    }
    try restore(
      weight: weight,
      projection: source.matrix(
        "projection", side == .left ? [rank, inputSize] : [outputSize, rank], format: nil),
      factor: source.tensor("factor", factorShape(rank: rank)))
  }
}
