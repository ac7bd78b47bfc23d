import Autodiff
import Layers
import Optimizers
import Quantization
import Stepping
import Tensors

extension LoQTLinear {
  /// Merges the update into W, computes a new P from the gradient and reinitialises the layer
  /// (arXiv 2405.16528, section 3, algorithms 1 and 2): W_q and P_q are replaced and B gets its new start.
  ///
  /// A layer that was not trained since its last merge keeps its codes and scales, since rounding them
  /// again would only lose precision.
  ///
  /// - Parameters:
  ///   - gradient: dL/dW at the merged matrix.
  ///   - step: The step of the run, which determines the random numbers.
  ///   - optimizer: The optimizer, whose state of B follows the change of basis.
  /// - Returns: The report of the merge.
  func merge(_ gradient: ProjectionGradient, step: Int, optimizer: any Optimizer) -> LayerMerge {
    LayerMerge.timed(named: handle.name) { report in
      renew(gradient, step: step, optimizer, &report)
    }
  }

  private func renew(
    _ gradient: ProjectionGradient, step: Int, _ optimizer: any Optimizer,
    _ report: inout LayerMerge
  ) {
    let b = factor.tensor
    let hasUpdate = b.sumOfSquares() > 0
    if hasUpdate, factorFingerprint == factor.fingerprint {
      report.note = "was not trained since its last merge and stays as it is"
      return
    }
    if configuration.mergeThreshold > 0, let update = trainedUpdate() {
      let size = update.energy.squareRoot() / effectiveWeight().norm()
      if size < configuration.mergeThreshold {
        report.note =
          "was postponed, as its update is below \(configuration.mergeThreshold) of its weights"
        report.relativeUpdate = size
        return
      }
    }
    let oldProjection = projection
    let newProjection = nextProjection(from: gradient, step: step, &report)
    guard let projection = newProjection ?? oldProjection else { return }
    // A deferred matrix is read here, once.
    let reading = original
    let matrix = weight
    guard reading?.failure == nil else {
      report.note = "stayed as it is, as its matrix could not be read"
      return
    }
    let map = oldProjection.map { overlap(of: projection, with: $0.dequantized()) }
    let next: Initialization
    if !hasUpdate, matrix.format == configuration.weightFormat {
      next = Initialization(keeping: matrix, projection: projection, side: side)
    } else {
      var merged = matrix.dequantized()
      addUpdate(of: b, to: &merged)
      next = Initialization(
        of: merged, projection: projection, side: side, scale: configuration.scale,
        weightFormat: configuration.weightFormat, steps: configuration.compensationSteps,
        rounding: configuration.roundsStochastically
          ? random.split("rounding").split(UInt64(step)) : nil)
      measure(next, against: merged, overlap: map, &report)
    }
    if let map {
      report.angles = PrincipalAngles(cosines: map)
      report.overlap = map.sumOfSquares() / Double(min(map.shape[0], map.shape[1]))
      if newProjection != nil {
        optimizer.reparameterize(
          factor,
          by: configuration.stateRule.change(overlap: map, rankAxis: side == .left ? 1 : 0))
      }
    }
    report.byteCount = next.weight.byteCount + next.projection.byteCount + next.factor.byteCount
    weight = next.weight
    self.projection = next.projection
    factor.tensor = next.factor
    record = configuration.recordsSurvival ? FactorRecord(factor.tensor, as: factor.storage) : nil
    factorFingerprint = record?.fingerprint ?? factor.fingerprint
  }

  /// The stored P for the gradient. If the gradient determines none: nil to keep the present one, or
  /// random directions if there is none yet.
  private func nextProjection(
    from gradient: ProjectionGradient, step: Int, _ report: inout LayerMerge
  ) -> StoredMatrix? {
    var source = random.split("merge").split(UInt64(step))
    let basis: Tensor<Float>
    do {
      let found = try gradient.projection(
        configuration.projector, rule: rankRule, side: side, random: source)
      report.effectiveRank = found.effectiveRank
      let rank = found.basis.shape[1]
      if found.effectiveRank < rank, projection == nil {
        report.note =
          "drew \(rank - found.effectiveRank) of its \(rank) directions at random, as its gradient "
          + "has rank \(found.effectiveRank)"
      }
      basis = found.basis
    } catch {
      report.effectiveRank = 0
      guard projection == nil else {
        report.note = "kept its projection: \(error)"
        return nil
      }
      report.note = "drew its first projection at random: \(error)"
      let size = side == .left ? inputSize : outputSize
      guard let drawn = try? qr(Tensor<Float>.normal([size, rank], using: &source)) else {
        return nil
      }
      basis = drawn.q
    }
    return Initialization.stored(basis, side: side, as: configuration.projectionFormat)
  }

  /// P_newᵀ P_old, `[new rank, old rank]`.
  private func overlap(of new: StoredMatrix, with old: Tensor<Float>) -> Tensor<Float> {
    let p = new.dequantized()
    return side == .left ? matmul(p, old.transposed()) : matmul(p.transposed(), old)
  }

  /// P, the change ΔB since the last merge, and ‖s P ΔB‖²; nil if B has not changed or was not recorded.
  private func trainedUpdate() -> (p: Tensor<Float>, trained: Tensor<Float>, energy: Double)? {
    guard let p = projection?.dequantized(), let trained = factorAtStart.map({ factor.tensor - $0 })
    else { return nil }
    let gram = side == .left ? matmul(p, p.transposed()) : matmul(p.transposed(), p)
    let spanned = side == .left ? matmul(trained, gram) : matmul(gram, trained)
    let scale = Double(configuration.scale)
    let energy = scale * scale * trained.dot(spanned)
    return energy > 0 ? (p, trained, energy) : nil
  }

  /// Reports the error of the new state, the size of the trained update D = s P ΔB relative to W, and the
  /// share of D that the new effective weights E retain: <E_new - E_old, D> / ‖D‖², which equals
  /// 1 - <W - E_new, D> / ‖D‖², as the merged W is E_old + D.
  ///
  /// - Parameter overlap: P_newᵀ P_old.
  private func measure(
    _ next: Initialization, against merged: Tensor<Float>, overlap: Tensor<Float>?,
    _ report: inout LayerMerge
  ) {
    let norm = merged.norm()
    guard norm > 0 else { return }
    report.relativeError = next.error / norm
    if record?.isZero == true, next.factor.sumOfSquares() == 0 {
      return measurePlain(next.weight, against: merged, norm: norm, &report)
    }
    guard let overlap, let (p, trained, energy) = trainedUpdate() else { return }
    let scale = Double(configuration.scale)
    report.updateEnergy = energy
    report.relativeUpdate = energy.squareRoot() / norm
    guard next.error != 0 else {
      report.survival = 1
      return
    }
    // <W - E_new, D> / s: the part of W - W_q panel by panel, that of s P B from the overlap.
    let shared =
      side == .left
      ? matmul(next.factor, overlap) : matmul(overlap.transposed(), next.factor)
    var lost = -scale * shared.dot(trained)
    next.weight.forEachResidual(from: merged) { rows, residual in
      lost +=
        side == .left
        ? matmul(residual, p.transposed()).dot(trained.sliced(rows))
        : matmul(p.sliced(rows).transposed(), residual).dot(trained)
    }
    report.survival = 1 - scale * lost / energy
  }

  /// The same when B is 0 after both merges: element by element, without matrix products.
  private func measurePlain(
    _ next: StoredMatrix, against merged: Tensor<Float>, norm: Double, _ report: inout LayerMerge
  ) {
    var (energy, lost) = (0.0, 0.0)
    next.forEachResidual(from: merged) { rows, residual in
      let update = merged.sliced(rows) - weight.dequantizedRows(rows)
      energy += update.sumOfSquares()
      lost += residual.dot(update)
    }
    guard energy > 0 else { return }
    report.updateEnergy = energy
    report.relativeUpdate = energy.squareRoot() / norm
    report.survival = 1 - lost / energy
  }
}
