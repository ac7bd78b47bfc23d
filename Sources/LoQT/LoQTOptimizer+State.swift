import Autodiff
public import Optimizers
import QuantizedLayers
public import Tensors

extension LoQTOptimizer {
  /// Everything that training remembers beside the model, by name: for each trained parameter
  /// `NAME/PART` as its optimizer gives it, and for each LoQT layer `NAME/factor_at_start`, B right
  /// after its last merge, a single 0 where it was zeros. With it, the step and the layers that are due a run goes on bit for bit.
  public var stateTensors: [String: Tensor<Float>] {
    var named: [String: Tensor<Float>] = [:]
    for parameter in parameters {
      for (part, tensor) in optimizer.state(of: parameter) {
        named[parameter.name + "/" + part] = tensor
      }
    }
    for (_, layer) in packedLayers {
      for (part, tensor) in optimizer.state(of: layer.parameter) {
        named[layer.handle.name + "/" + part] = tensor
      }
    }
    for (name, layer) in layers {
      named[name + "/factor_at_start"] = layer.record.map {
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
    _ state: [String: Tensor<Float>], atStep step: Int, due: [String] = []
  ) throws(OptimizerError) {
    var parts: [String: [String: Tensor<Float>]] = [:]
    for (name, tensor) in state {
      guard let slash = name.lastIndex(of: "/") else {
        throw OptimizerError("Optimizer state: '\(name)' is not NAME/PART")
      }
      parts[String(name[..<slash]), default: [:]][String(name[name.index(after: slash)...])] =
        tensor
    }
    for (name, layer) in layers {
      guard var start = parts[name]?["factor_at_start"] else { continue }
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
      try optimizer.restore(parts.removeValue(forKey: parameter.name) ?? [:], of: parameter)
    }
    for (_, layer) in packedLayers {
      let saved = parts.removeValue(forKey: layer.handle.name) ?? [:]
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
