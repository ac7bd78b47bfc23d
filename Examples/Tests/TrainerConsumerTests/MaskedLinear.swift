import LoQTKit
import Training

/// A linear layer that uses only the largest elements of its matrix, chosen anew at every merge step. Its
/// gradient goes to all elements.
final class MaskedLinear: LinearLayer, StepParticipant {
  let weight: Parameter
  let sparsity: Double
  private(set) var mask: Tensor<Float>
  private(set) var name = ""

  init(weight: Tensor<Float>, sparsity: Double) {
    self.weight = Parameter(weight)
    self.sparsity = sparsity
    mask = Self.mask(of: weight, sparsity)
  }

  private static func mask(of weight: Tensor<Float>, _ sparsity: Double) -> Tensor<Float> {
    let magnitudes = abs(weight).flattened().scalars.sorted()
    let threshold = magnitudes[min(magnitudes.count - 1, Int(sparsity * Double(magnitudes.count)))]
    return select(where: abs(weight) .>= threshold, Tensor<Float>(1), otherwise: Tensor(0))
  }

  var inputSize: Int { weight.shape[1] }
  var outputSize: Int { weight.shape[0] }
  var members: [ModuleMember] { [ModuleMember("weight", weight)] }

  func callAsFunction(_ x: Variable) -> Variable {
    linear(x, Variable(weight) * Variable(mask))
  }

  func effectiveWeight() -> Tensor<Float> { weight.tensor * mask }

  func join(named name: String) { self.name = name }
  var followsMergeSchedule: Bool { true }

  func prepare(_ step: StepContext) -> LayerMerge? {
    guard step.isMerge, step.step > 0 else { return nil }
    return .timed(named: name) { report in
      let old = mask
      mask = Self.mask(of: weight.tensor, sparsity)
      report.overlap = Double((old * mask).sum()) / Double(old.sum())
    }
  }

  var stepState: TensorParts { TensorParts(floats: ["mask": mask]) }

  func restore(stepState: TensorParts) throws(OptimizerError) {
    guard let saved = stepState.floats["mask"], saved.shape == mask.shape else {
      throw OptimizerError("mask: expected shape \(mask.shape)")
    }
    mask = saved
  }
}

/// Matrices that use only a share of their elements.
struct MaskedMatrices: Parameterisation {
  var sparsity: Double
  var merges: MergeSchedule

  struct Factory: LinearFactory {
    let sparsity: Double
    func makeLinear(
      weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource
    ) -> any LinearLayer { MaskedLinear(weight: weight, sparsity: sparsity) }
  }

  var factory: any LinearFactory { Factory(sparsity: sparsity) }
  var settings: [(String, String)] { [("sparsity", "\(sparsity)")] }

  func cost(of layer: LinearShape, in step: StepShape) -> LayerCost {
    var cost = LayerCost()
    cost.weights = 4 * layer.elementCount
    cost.records = 4 * layer.elementCount
    cost.moments = [[layer.out, layer.in]]
    cost.gradients = [layer.elementCount]
    return cost
  }
}

extension TrainingMethod {
  /// A method defined in a single file outside the package.
  static let masked = TrainingMethod(
    "masked", "Masked matrices", "only the largest elements of each matrix, chosen periodically",
    options: [.mergeGap, .mergeSchedule]
  ) { settings in
    MethodPlan(layers: MaskedMatrices(sparsity: 0.5, merges: settings.schedule))
  }
}
