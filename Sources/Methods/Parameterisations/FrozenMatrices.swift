internal import Autodiff
public import Layers

/// Dense matrices that keep their initial values.
public struct FrozenMatrices: Parameterisation {
  /// Frozen matrices.
  public init() {}

  /// The factory of dense layers that are not trained.
  public var factory: any LinearFactory { DenseLinearFactory(isTrainable: false) }

  /// The cost of the matrix.
  public func cost(of layer: LinearShape, in step: StepShape) -> LayerCost {
    var cost = LayerCost()
    cost.weights = step.storage.byteCount * layer.elementCount
    cost.scratch = step.widenedByteCount * layer.elementCount
    return cost
  }
}

extension Parameterisation where Self == FrozenMatrices {
  /// Dense matrices that keep their initial values.
  public static var frozen: Self { FrozenMatrices() }
}
