public import Autodiff
public import JSON
public import Layers
public import Optimizers
public import Quantization
public import Tensors

/// Dense or packed matrices that are updated in a subspace of their gradient (GaLore and its relatives).
public struct SubspaceMatrices: Parameterisation {
  /// How the subspace is found and used.
  public var subspace: SubspaceConfiguration
  /// The format of packed matrices; nil for dense ones.
  public var packed: WeightFormat?

  /// Matrices updated in a subspace.
  public init(_ subspace: SubspaceConfiguration, packed: WeightFormat? = nil) {
    self.subspace = subspace
    self.packed = packed
  }

  /// The factory of dense or packed layers.
  public var factory: any LinearFactory { DenseMatrices(packed: packed).factory }
  /// The rank of the subspace.
  public var rank: RankRule? { subspace.rank }
  /// The side of the projection.
  public var side: SideRule { subspace.side }
  /// The format of packed matrices.
  public var packing: WeightFormat? { packed }

  /// Rank, scale, projections and the format of packed matrices.
  public var settings: [(String, String)] {
    [
      ("rank", "\(subspace.rank)"), ("scale", "\(subspace.scale)"),
      ("projections", "\(subspace.refresh), \(subspace.projectionFormat)"),
    ] + DenseMatrices(packed: packed).settings
  }

  /// The cost of the matrix and its gradient, the moments of r rows or columns, and P.
  public func cost(of layer: LinearShape, in step: StepShape) -> LayerCost {
    let (out, input) = (layer.out, layer.in)
    let r = subspace.rank.largest(out: out, in: input)
    let isLeft = side.side(out: out, in: input) == .left
    let (short, long) = isLeft ? (input, out) : (out, input)
    var cost = LayerCost.whole(layer, packed: packed, in: step)
    cost.projections = subspace.projectionByteCount(out: out, in: input, rank: r)
    cost.moments = [[r, long]]
    cost.scratch += 4 * r * (2 * long + 2 * short)
    if case .withResidual = subspace.rule { cost.scratch += 4 * out * input }
    return cost
  }

  /// The products of W's gradient, its projection into the subspace, and the projection back.
  public func products(of layer: LinearShape, tokens: Int, forwardPasses: Int) -> [MatrixProduct] {
    let r = subspace.rank.largest(out: layer.out, in: layer.in)
    return [
      MatrixProduct(layer.out, tokens, layer.in), MatrixProduct(layer.out, layer.in, r),
      MatrixProduct(layer.out, r, layer.in),
    ]
  }

  /// The inner optimizer within the subspace of each matrix.
  public func optimizer(
    of matrices: [Parameter], using inner: any Optimizer, random: RandomSource
  ) -> any Optimizer {
    SubspaceOptimizer(inner: inner, configuration: subspace, matrices: matrices, random: random)
  }

  /// The same as for matrices updated by their full gradient.
  public static var checkpointKey: String? { DenseMatrices.checkpointKey }
  /// The name of the format; null for dense matrices.
  public var checkpointSection: JSONValue { DenseMatrices(packed: packed).checkpointSection }
}

extension Parameterisation where Self == SubspaceMatrices {
  /// Dense or packed matrices that are updated in a subspace of their gradient.
  public static func subspace(_ subspace: SubspaceConfiguration, packed: WeightFormat? = nil)
    -> Self
  { SubspaceMatrices(subspace, packed: packed) }
}
