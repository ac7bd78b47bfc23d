internal import Autodiff
public import Layers

/// Dense matrices that stay as they were drawn or read.
public struct FrozenMatrices: Parameterisation {
  /// Frozen matrices.
  public init() {}

  /// Dense layers that are not trained.
  public var factory: any LinearFactory { DenseLinearFactory(isTrainable: false) }

  /// The matrix alone.
  public func cost(of layer: LinearShape, in step: StepShape) -> LayerCost {
    var cost = LayerCost()
    cost.weights = step.storage.byteCount * layer.elementCount
    cost.scratch = step.widenedByteCount * layer.elementCount
    return cost
  }
}

extension Parameterisation where Self == FrozenMatrices {
  /// Dense matrices that stay as they were drawn or read.
  public static var frozen: Self { FrozenMatrices() }
}
