import Autodiff
import Optimizers
import Quantization
public import Stepping
import Tensors

extension AdapterLinear: StepParticipant {
  /// Stores the name for reports.
  public func join(named name: String) { self.name = name }

  /// Whether the factors are merged periodically.
  public var followsMergeSchedule: Bool { configuration.mergePruning != nil }

  /// Merges the factors before the forward pass of each merge step except step 0, which has nothing to
  /// merge. A layer whose factors are not trained takes no part.
  public func prepare(_ step: StepContext) -> LayerMerge? {
    guard followsMergeSchedule, step.isMerge, step.step > 0, up.isTrainable || down.isTrainable
    else { return nil }
    return merge(named: name, step: step.step, step.optimizer)
  }
}

extension AdapterLinear {
  /// Adds the update to W, restarts the factors and prunes the optimizer's state (ReLoRA); the layer's
  /// function changes only by rounding. Without an update, or with one that is not finite, nothing
  /// changes.
  ///
  /// - Parameter step: The step of the run, which determines the random numbers.
  func merge(named name: String, step: Int, _ optimizer: any Optimizer) -> LayerMerge {
    LayerMerge.timed(named: name) { report in
      // ‖up down‖², from the factors' Gram matrices.
      let squares = matmul(up.tensor.transposed(), up.tensor)
        .dot(matmul(down.tensor, down.tensor.transposed()))
      let scale = scale
      let energy = Double(scale) * Double(scale) * squares
      guard energy > 0, energy.isFinite, let pruning = configuration.mergePruning,
        let old = weight.take()
      else {
        report.note = "had no update to merge"
        return
      }
      report.updateEnergy = energy
      weight = merged(old, scale: scale, &report)
      up.tensor = .zeros(up.shape)
      var source = random.split("merge").split(UInt64(step))
      down.tensor = AdapterStart.randomDown(down.shape, using: &source)
      for factor in [up, down] {
        optimizer.reparameterize(factor, by: .prune(share: pruning))
      }
    }
  }

  /// W with the update; reports how large the update was and how much of it survived.
  private func merged(
    _ weight: consuming StoredMatrix, scale: Float, _ report: inout LayerMerge
  ) -> StoredMatrix {
    let energy = report.updateEnergy ?? 0
    guard weight.format != .float32 else {
      weight.addProduct(up.tensor, down.tensor, scale: scale)
      report.relativeUpdate = energy.squareRoot() / weight.dequantized().norm()
      report.relativeError = 0
      report.survival = 1
      return weight
    }
    var whole = weight.dequantized()
    whole.addProduct(up.tensor, down.tensor, scale: scale)
    let stored = StoredMatrix(storing: whole, as: weight.format)
    let lost = whole - stored.dequantized()
    report.relativeUpdate = energy.squareRoot() / whole.norm()
    report.relativeError = lost.norm() / whole.norm()
    // <lost, s up down>
    let along = matmul(lost, down.tensor.transposed()).dot(up.tensor)
    report.survival = 1 - Double(scale) * along / energy
    return stored
  }
}
