public import Autodiff
public import Layers
public import Optimizers
public import Quantization
import QuantizedLayers
public import Tensors

/// A linear layer of LoQT: y = x W_qᵀ + s x (P B)ᵀ with W_q and P frozen and packed, B trained.
///
/// The low-rank update is held as two factors, `up` `[out, r]` and `down` `[r, in]`. On the left side
/// (in <= out) P is `down` and B is `up`; on the right side P is `up` and B is `down`. P is taken from
/// the gradient at the first merge; until then the layer is x Wᵀ alone.
public final class LoQTLinear: LinearLayer {
  /// The method's settings.
  public let configuration: LoQTConfiguration
  /// Size of the last axis of the input.
  public let inputSize: Int
  /// Size of the last axis of the output.
  public let outputSize: Int
  /// r: the configured rank, or the smaller side where that is below it.
  public let rank: Int
  /// On which side P stands.
  public let side: ProjectionSide
  /// W_q `[out, in]`; the original W in full precision before the first merge, when the
  /// configuration keeps it.
  public private(set) var weight: StoredMatrix
  /// P_q, `[r, in]` on the left side, `[out, r]` on the right; nil before the first merge.
  public private(set) var projection: StoredMatrix?
  /// B, `[out, r]` on the left side, `[r, in]` on the right.
  public let factor: Parameter
  /// `[out]`, trained by the ordinary optimizer.
  public let bias: Parameter?
  /// Through which the gradient of W is asked for at a merge.
  public let handle = FrozenMatrix()

  private var random: RandomSource
  private var isOriginal: Bool
  /// B right after the last merge, when survival is recorded.
  private var factorAtStart: Tensor<Float>?

  /// A layer that starts from W `[out, in]` with no update.
  public init(
    weight: consuming Tensor<Float>, bias: Tensor<Float>? = nil,
    configuration: LoQTConfiguration, random: RandomSource
  ) {
    let (out, input) = (weight.shape[0], weight.shape[1])
    self.configuration = configuration
    self.random = random
    inputSize = input
    outputSize = out
    rank = min(configuration.rank, out, input)
    side = ProjectionSide(out: out, in: input)
    isOriginal = configuration.keepsOriginalWeight
    self.weight =
      isOriginal ? .dense(weight) : StoredMatrix(storing: weight, as: configuration.weightFormat)
    factor = Parameter(.zeros(side == .left ? [out, rank] : [rank, input]))
    self.bias = bias.map { Parameter($0) }
  }

  /// y for x `[..., in]`. Traps when the last axis of x is not `inputSize`.
  public func callAsFunction(_ x: Variable) -> Variable {
    guard let projection else {
      // No update yet; B is zero and has no gradient.
      let y = linear(x, weight, handle: handle)
      return bias.map { y + Variable($0) } ?? y
    }
    let operation = LoQTProduct(
      weight: weight, projection: projection, side: side, scale: configuration.scale)
    let y = operation(x, Variable(factor), frozen: handle)
    return bias.map { y + Variable($0) } ?? y
  }

  /// W_q + s P B in full precision.
  public func effectiveWeight() -> Tensor<Float> {
    var result = weight.dequantized()
    addUpdate(of: factor.tensor, to: &result)
    return result
  }

  /// `target += s P b` for another value b of B.
  private func addUpdate(of b: Tensor<Float>, to target: inout Tensor<Float>) {
    guard let p = projection?.dequantized() else { return }
    if side == .left {
      target.addProduct(b, p, scale: configuration.scale)
    } else {
      target.addProduct(p, b, scale: configuration.scale)
    }
  }

  /// The packed parts of W and P, B and the bias.
  public var members: [ModuleMember] {
    weight.members(named: "weight") + [ModuleMember("weight", .frozen(handle))]
      + (projection?.members(named: "projection") ?? []) + [ModuleMember("factor", factor)]
      + (bias.map { [ModuleMember("bias", $0)] } ?? [])
  }

  /// Bytes held: of W_q, of P_q, of B, and of the copy of B that survival is measured against.
  public var byteCounts: (weight: Int, projection: Int, factor: Int, record: Int) {
    (
      weight.byteCount, projection?.byteCount ?? 0, factor.tensor.byteCount,
      factorAtStart?.byteCount ?? 0
    )
  }

  /// Puts back a saved state. Traps when the shapes do not fit the layer.
  public func restore(
    weight: StoredMatrix, projection: StoredMatrix?, factor: Tensor<Float>,
    factorAtStart: Tensor<Float>? = nil
  ) {
    precondition(
      weight.shape == [outputSize, inputSize] && factor.shape == self.factor.shape
        && projection.map { $0.shape == (side == .left ? [rank, inputSize] : [outputSize, rank]) }
          ?? true,
      "LoQTLinear.restore: the state does not fit a layer [\(outputSize), \(inputSize)]")
    self.weight = weight
    self.projection = projection
    self.factor.tensor = factor
    self.factorAtStart = factorAtStart
    isOriginal = false
  }
}

// MARK: - The merge

extension LoQTLinear {
  /// Merges the update into W, takes a new P from the gradient and initialises the layer anew
  /// (loqt-algorithm, sections 2, 3 and 5).
  ///
  /// W_q and P_q are replaced and B gets its new start; nothing changes when an error is thrown.
  ///
  /// - Parameters:
  ///   - gradient: dL/dW at the merged matrix, as factors or dense.
  ///   - optimizer: Whose state of B follows the change of basis.
  /// - Returns: What happened, for the report.
  func merge(_ gradient: ProjectionGradient, optimizer: (any Optimizer)?) -> LayerMerge {
    let clock = ContinuousClock()
    let start = clock.now
    var report = LayerMerge(name: handle.name)
    let b = factor.tensor
    let trained = factorAtStart.map { b - $0 } ?? b
    let isUpdated = trained.sumOfSquares() > 0

    var projected = newProjection(from: gradient, &report)
    if !isUpdated, projection != nil, b.sumOfSquares() > 0 {
      // Nothing was trained: merging would only round what compensation had expressed.
      projected = nil
    }
    guard let basis = projected else {
      report.seconds = seconds(since: start, clock)
      return report
    }
    let oldProjection = projection?.dequantized()
    let next: Initialization
    if b.sumOfSquares() == 0, !isOriginal || configuration.weightFormat == .float32 {
      // W is what is stored: its codes and scales stay.
      next = Initialization(
        keeping: weight, basis: basis, side: side, projectionFormat: configuration.projectionFormat)
      if let oldProjection { report.overlap = overlap(oldProjection, next.projection) }
    } else {
      var merged = takeWeight()
      addUpdate(of: b, to: &merged)
      next = Initialization(
        of: merged, basis: basis, side: side, scale: configuration.scale,
        weightFormat: configuration.weightFormat,
        projectionFormat: configuration.projectionFormat, steps: configuration.compensationSteps)
      let weightNorm = merged.norm()
      if let error = next.errors.min(), weightNorm > 0 { report.relativeError = error / weightNorm }
      if let oldProjection {
        report.overlap = overlap(oldProjection, next.projection)
        measureUpdate(trained, oldProjection, merged: merged, weightNorm, next, &report)
      }
    }
    replaceState(by: next, oldProjection: oldProjection, optimizer: optimizer)
    report.seconds = seconds(since: start, clock)
    return report
  }

  /// The layer's W as a dense matrix; its only reference when it is stored so, which an update then
  /// changes in place.
  private func takeWeight() -> Tensor<Float> {
    let stored = weight
    if case .dense(let matrix) = stored {
      weight = .dense(.empty)
      return matrix
    }
    return stored.dequantized()
  }

  /// P for the gradient; the one there is when the gradient determines none; seeded random
  /// directions when there is none either.
  private func newProjection(from gradient: ProjectionGradient, _ report: inout LayerMerge)
    -> Tensor<Float>?
  {
    random = random.split("merge")
    do {
      let found = try gradient.projection(
        configuration.projector, rank: rank, side: side, random: random)
      report.effectiveRank = found.effectiveRank
      return found.basis
    } catch {
      report.effectiveRank = 0
      report.note = "kept its projection: \(error)"
      if let projection {
        let p = projection.dequantized()
        return (try? qr(side == .left ? p.transposed() : p))?.q
      }
      var source = random
      let size = side == .left ? inputSize : outputSize
      return (try? qr(Tensor<Float>.normal([size, rank], using: &source)))?.q
    }
  }

  /// ‖P_newᵀ P_old‖² / r: the share of the old directions that the new ones hold.
  private func overlap(_ old: Tensor<Float>, _ new: StoredMatrix) -> Double {
    let p = new.dequantized()
    let product = side == .left ? matmul(p, old.transposed()) : matmul(p.transposed(), old)
    return product.sumOfSquares() / Double(rank)
  }

  /// Size of the trained update D = s P ΔB against W, and the share of it that the new effective
  /// weights hold: <E_new - E_old, D> / ‖D‖² = 1 - <W - E_new, D> / ‖D‖².
  private func measureUpdate(
    _ trained: Tensor<Float>, _ p: Tensor<Float>, merged: Tensor<Float>, _ weightNorm: Double,
    _ next: Initialization, _ report: inout LayerMerge
  ) {
    let scale = Double(configuration.scale)
    let gram = side == .left ? matmul(p, p.transposed()) : matmul(p.transposed(), p)
    let spanned = side == .left ? matmul(trained, gram) : matmul(gram, trained)
    let energy = scale * scale * trained.dot(spanned)
    report.relativeUpdate = weightNorm > 0 ? max(0, energy).squareRoot() / weightNorm : nil
    guard configuration.recordsSurvival, energy > 0 else { return }
    if case .float32 = configuration.weightFormat {
      report.survival = 1
    } else {
      var lost = Initialization.residual(merged, next.weight)
      let q = next.projection.dequantized()
      if side == .left {
        lost.addProduct(next.factor, q, scale: -configuration.scale)
      } else {
        lost.addProduct(q, next.factor, scale: -configuration.scale)
      }
      let seen = side == .left ? matmul(lost, p.transposed()) : matmul(p.transposed(), lost)
      report.survival = 1 - scale * seen.dot(trained) / energy
    }
    report.updateEnergy = energy
  }

  private func replaceState(
    by next: Initialization, oldProjection: Tensor<Float>?, optimizer: (any Optimizer)?
  ) {
    if let optimizer {
      switch configuration.stateRule {
      case .keep: optimizer.reparameterize(factor, by: .keep)
      case .reset: optimizer.reparameterize(factor, by: .reset)
      case .project:
        if let oldProjection {
          let p = next.projection.dequantized()
          let map =
            side == .left
            ? matmul(p, oldProjection.transposed()) : matmul(p.transposed(), oldProjection)
          optimizer.reparameterize(
            factor, by: .project(overlap: map, rankAxis: side == .left ? 1 : 0))
        }
      }
    }
    weight = next.weight
    projection = next.projection
    factor.tensor = next.factor
    factorAtStart = configuration.recordsSurvival ? next.factor.copied() : nil
    isOriginal = false
  }

  private func seconds(since start: ContinuousClock.Instant, _ clock: ContinuousClock) -> Double {
    let (whole, atto) = (clock.now - start).components
    return Double(whole) + Double(atto) * 1e-18
  }
}

extension Initialization {
  /// The state when W is already what is stored, and the update is zero.
  init(
    keeping weight: StoredMatrix, basis: Tensor<Float>, side: ProjectionSide,
    projectionFormat: WeightFormat
  ) {
    let rank = basis.shape[1]
    self.weight = weight
    projection = StoredMatrix(
      storing: (side == .left ? basis.transposed() : basis).contiguous(), as: projectionFormat)
    factor = .zeros(side == .left ? [weight.shape[0], rank] : [rank, weight.shape[1]])
    errors = [0]
  }
}

// MARK: - The product

/// y = x W_qᵀ + s (x downᵀ) upᵀ; inputs are x and B.
private struct LoQTProduct: CustomOperation {
  let weight: StoredMatrix
  let projection: StoredMatrix
  let side: ProjectionSide
  let scale: Float

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let x = inputs[0].asRows()
    let b = inputs[1]
    precondition(
      x.shape[1] == weight.shape[1], "LoQTLinear: \(inputs[0].shape) does not fit \(weight.shape)")
    let tokens = x.shape[0]
    var y = Tensor<S>(unsafeUninitializedShape: [tokens, weight.shape[0]]) { _ in }
    y.addProductTransposed(x, stored: weight, keeping: 0)
    // z = x downᵀ [tokens, r]
    var z: Tensor<S>
    if side == .left {
      z = Tensor(unsafeUninitializedShape: [tokens, projection.shape[0]]) { _ in }
      z.addProductTransposed(x, stored: projection, keeping: 0)
      y.addProduct(z, b.transposed(), scale: S(scale))
    } else {
      z = matmul(x, b.transposed())
      y.addProductTransposed(z, stored: projection, scale: S(scale))
    }
    context.savedShapes = [inputs[0].shape]
    // For dB: z on the left side, x on the right; for dx: B. x also for the factors of dW.
    let wantsX = context.needsFactors || (side == .right && context.needsGradient[1])
    let wantsZ = side == .left && context.needsGradient[1]
    context.save(b, wantsX ? x : .empty, wantsZ ? z : .empty)
    return y.reshaped(to: inputs[0].shape.dropLast() + [weight.shape[0]])
  }

  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let d = gradient.asRows().contiguous()
    let (b, x, z) = (context.saved[0], context.saved[1], context.saved[2])
    if context.needsFactors { context.factors = (x, d) }
    let tokens = d.shape[0]
    // u = d up [tokens, r], the gradient on its way through the update, without s.
    var u: Tensor<S>
    if side == .left {
      u = matmul(d, b)
    } else {
      u = Tensor(unsafeUninitializedShape: [tokens, projection.shape[1]]) { _ in }
      u.addProduct(d, stored: projection, keeping: 0)
    }
    var dx: Tensor<S>?
    if context.needsGradient[0] {
      var sum = Tensor<S>(unsafeUninitializedShape: [tokens, weight.shape[1]]) { _ in }
      sum.addProduct(d, stored: weight, keeping: 0)
      if side == .left {
        sum.addProduct(u, stored: projection, scale: S(scale))
      } else {
        sum.addProduct(u, b, scale: S(scale))
      }
      dx = sum.reshaped(to: context.savedShapes[0])
    }
    var db: Tensor<S>?
    if context.needsGradient[1] {
      var share = Tensor<S>(unsafeUninitializedShape: b.shape) { _ in }
      if side == .left {
        share.addProduct(d.transposed(), z, scale: S(scale), keeping: 0)
      } else {
        share.addProduct(u.transposed(), x, scale: S(scale), keeping: 0)
      }
      db = share
    }
    return [dx, db]
  }
}
