import Autodiff
public import Optimizers
public import Quantization
import QuantizedLayers
import Tensors

extension LoQTOptimizer {
  /// Everything that training remembers beside the model, by name: for each trained parameter
  /// `NAME/PART` as its optimizer gives it, and for each LoQT layer `NAME/factor_at_start`, B right
  /// after its last merge, a single 0 where it was zeros. With it, the step and the layers that are due a run goes on bit for bit.
  public var stateTensors: TensorParts {
    var named = TensorParts()
    func add(_ state: TensorParts, _ owner: String) {
      for (part, tensor) in state.floats { named.floats[owner + "/" + part] = tensor }
      for (part, tensor) in state.bytes { named.bytes[owner + "/" + part] = tensor }
    }
    for parameter in parameters { add(optimizer.state(of: parameter), parameter.name) }
    for (_, layer) in packedLayers {
      add(optimizer.state(of: layer.parameter), layer.handle.name)
    }
    for (name, layer) in layers {
      named.floats[name + "/factor_at_start"] = layer.record.map {
        $0.byteCount == 0 ? Tensor(0) : $0.tensor
      }
    }
    return named
  }

  /// Goes on from a saved run, whose model has been put back already.
  ///
  /// Throws when a tensor does not fit its parameter, or belongs to none; then some of the state may
  /// be the saved one.
  ///
  /// - Parameters:
  ///   - state: What `stateTensors` gave.
  ///   - step: Steps taken.
  ///   - due: Names of layers whose merge had not happened yet.
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
    for (name, layer) in layers {
      guard var start = parts[name]?.floats["factor_at_start"] else { continue }
      if start.shape == [] { start = start.broadcast(to: layer.factor.shape) }
      guard start.shape == layer.factor.shape else {
        throw OptimizerError(
          "\(name)/factor_at_start: expected shape \(layer.factor.shape); found \(start.shape)")
      }
      layer.restore(
        weight: layer.weight, projection: layer.projection, factor: layer.factor.tensor,
        factorAtStart: start)
      parts[name] = nil
    }
    for parameter in parameters {
      try optimizer.restore(
        parts.removeValue(forKey: parameter.name) ?? TensorParts(), of: parameter)
    }
    for (_, layer) in packedLayers {
      let saved = parts.removeValue(forKey: layer.handle.name) ?? TensorParts()
      do {
        try layer.withElements { try optimizer.restore(saved, of: $0) }
      } catch {
        throw error as? OptimizerError ?? OptimizerError("\(error)")
      }
    }
    if let name = parts.keys.min() {
      throw OptimizerError("Optimizer state: the model has no parameter '\(name)'")
    }
    resume(atStep: step, due: due)
  }
}
