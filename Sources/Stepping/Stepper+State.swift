import Autodiff
public import Optimizers
public import Quantization
import Tensors

extension Stepper {
  /// The parameters whose optimizer state is saved: the model's, and those that represent its matrices.
  private var remembered: [Parameter] {
    parameters + participants.flatMap(\.layer.standInParameters)
  }

  /// All training state beyond the model, by name: `NAME/PART` for the optimizer's state of each trained
  /// parameter, and for the `stepState` of each participating layer. Together with the step and the
  /// layers that are due, it lets a run resume bit for bit.
  public var stateTensors: TensorParts {
    var named = TensorParts()
    func add(_ state: TensorParts, _ owner: String) {
      for (part, tensor) in state.floats { named.floats[owner + "/" + part] = tensor }
      for (part, tensor) in state.bytes { named.bytes[owner + "/" + part] = tensor }
    }
    for parameter in remembered { add(optimizer.state(of: parameter), parameter.name) }
    for (name, layer) in participants { add(layer.stepState, name) }
    return named
  }

  /// Resumes a saved run whose model has already been restored.
  ///
  /// Throws if a tensor does not fit its parameter, or belongs to none; part of the state may have been
  /// restored by then.
  ///
  /// - Parameters:
  ///   - state: A saved `stateTensors`.
  ///   - step: Steps taken.
  ///   - due: Names of layers whose merge was still due.
  public func restore(
    _ state: TensorParts, atStep step: Int, due: [String] = []
  ) throws(OptimizerError) {
    var parts: [String: TensorParts] = [:]
    func owner(_ name: String) throws(OptimizerError) -> (name: String, part: String) {
      guard let slash = name.lastIndex(of: "/") else {
        throw OptimizerError("Optimizer state: '\(name)' is not NAME/PART")
      }
      return (String(name[..<slash]), String(name[name.index(after: slash)...]))
    }
    for (name, tensor) in state.floats {
      let (owner, part) = try owner(name)
      parts[owner, default: TensorParts()].floats[part] = tensor
    }
    for (name, tensor) in state.bytes {
      let (owner, part) = try owner(name)
      parts[owner, default: TensorParts()].bytes[part] = tensor
    }
    for parameter in remembered {
      let saved = parts.removeValue(forKey: parameter.name) ?? TensorParts()
      guard let owner = parameter.owner else {
        try optimizer.restore(saved, of: parameter)
        continue
      }
      do {
        try owner.withElements(of: parameter) { try optimizer.restore(saved, of: $0) }
      } catch {
        throw error as? OptimizerError ?? OptimizerError("\(error)")
      }
    }
    for (name, layer) in participants {
      do {
        try layer.restore(stepState: parts.removeValue(forKey: name) ?? TensorParts())
      } catch {
        throw OptimizerError("\(name)/\(error)")
      }
    }
    if let name = parts.keys.min() {
      throw OptimizerError("Optimizer state: the model has no parameter '\(name)'")
    }
    resume(atStep: step, due: due)
  }
}
