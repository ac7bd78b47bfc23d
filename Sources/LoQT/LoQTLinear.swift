public import Autodiff
public import Layers
public import Optimizers
public import Quantization
import QuantizedLayers
public import Tensors

/// A linear layer of LoQT: y = x W_qᵀ + s x (P B)ᵀ with W_q and P frozen and packed, B trained.
///
/// The low-rank update is held as two factors, `up` `[out, r]` and `down` `[r, in]`. On the left side
/// P is `down` and B is `up`; on the right side P is `up` and B is `down`. P is taken from
/// the gradient at the first merge; until then the layer is x Wᵀ alone.
public final class LoQTLinear: LinearLayer {
  /// The method's settings.
  public let configuration: LoQTConfiguration
  /// Size of the last axis of the input.
  public let inputSize: Int
  /// Size of the last axis of the output.
  public let outputSize: Int
  /// r at present: before the first merge the largest that the configuration allows.
  public var rank: Int { factor.shape[side == .left ? 1 : 0] }
  /// The rule that gives a gradient its rank.
  var rankRule: RankRule {
    if case .energy = configuration.rank { configuration.rank } else { .count(largestRank) }
  }
  /// The largest r that the configuration allows, at most the smaller side.
  public let largestRank: Int
  /// On which side P stands.
  public let side: ProjectionSide
  /// W_q `[out, in]`; the original W in full precision before the first merge, when the
  /// configuration keeps it, and read at each use where it is not held.
  public internal(set) var weight: StoredMatrix {
    get { original.map { .dense($0.tensor()) } ?? held }
    set {
      newValue.count(as: .weights)
      held = newValue
      original = nil
    }
  }
  /// The original W where it is not held but read when it is wanted; nil from the first merge on.
  public private(set) var original: DeferredTensor?
  private var held: StoredMatrix
  /// How W is stored at present.
  public var weightFormat: WeightFormat { original == nil ? held.format : .float32 }
  /// P_q, `[r, in]` on the left side, `[out, r]` on the right; nil before the first merge.
  public internal(set) var projection: StoredMatrix? {
    didSet { projection?.count(as: .projections) }
  }
  /// B, `[out, r]` on the left side, `[r, in]` on the right.
  public let factor: Parameter
  /// `[out]`, trained by the ordinary optimizer.
  public let bias: Parameter?
  /// Through which the gradient of W is asked for at a merge.
  public let handle = FrozenMatrix()

  /// B right after the last merge, when the configuration records survival; nil before the first.
  public var factorAtStart: Tensor<Float>? { record?.tensor }
  var record: FactorRecord?

  /// Whether a merge is due that has not happened yet.
  public var isMergeDue = false
  /// Whether the step that runs merges the layer.
  var isMerging = false
  /// The gradient of the micro-batches so far, in a step that merges.
  var window: GradientWindow?

  let random: RandomSource
  /// Of B right after the last merge, which tells whether it was trained since.
  var factorFingerprint: UInt64?

  /// A layer that starts from W `[out, in]` with no update. Traps when the shapes do not fit.
  ///
  /// - Parameters:
  ///   - weight: W.
  ///   - bias: `[out]`; nil for none.
  ///   - configuration: How the layer holds and renews its matrices.
  ///   - random: For the random parts of finding P; each merge draws numbers of its own step.
  public convenience init(
    weight: consuming Tensor<Float>, bias: Tensor<Float>? = nil,
    configuration: LoQTConfiguration, random: RandomSource
  ) {
    precondition(weight.rank == 2, "LoQTLinear: weight \(weight.shape) is not a matrix")
    self.init(
      shape: weight.shape,
      holding: configuration.keepsOriginalWeight
        ? .dense(weight) : StoredMatrix(storing: weight, as: configuration.weightFormat),
      bias: bias, configuration: configuration, random: random)
  }

  /// A layer that starts from W `[out, in]` with no update, where `configuration` keeps the original W
  /// until the first merge: it is read for each product until then, and never held. Traps when the
  /// shapes do not fit.
  ///
  /// - Parameters:
  ///   - weight: W.
  ///   - bias: `[out]`; nil for none.
  ///   - configuration: How the layer holds and renews its matrices.
  ///   - random: For the random parts of finding P; each merge draws numbers of its own step.
  public convenience init(
    reading weight: DeferredTensor, bias: Tensor<Float>? = nil,
    configuration: LoQTConfiguration, random: RandomSource
  ) {
    precondition(weight.shape.rank == 2, "LoQTLinear: weight \(weight.shape) is not a matrix")
    self.init(
      shape: weight.shape,
      holding: configuration.keepsOriginalWeight
        ? .dense(.empty) : StoredMatrix(storing: weight.tensor(), as: configuration.weightFormat),
      bias: bias, configuration: configuration, random: random)
    if configuration.keepsOriginalWeight { original = weight }
  }

  private init(
    shape: Shape, holding matrix: StoredMatrix, bias: Tensor<Float>?,
    configuration: LoQTConfiguration, random: RandomSource
  ) {
    let (out, input) = (shape[0], shape[1])
    if let bias {
      precondition(
        bias.shape == [out], "LoQTLinear: bias \(bias.shape) does not fit weight \(shape)")
    }
    self.configuration = configuration
    self.random = random
    inputSize = input
    outputSize = out
    largestRank = configuration.rank.largest(out: out, in: input)
    side = configuration.side.side(out: out, in: input)
    held = matrix
    factor = Parameter(.zeros(side == .left ? [out, largestRank] : [largestRank, input]))
    factor.memoryKind = .adapters
    self.bias = bias.map { Parameter($0) }
    held.count(as: .weights)
    handle.owner = self
  }

  /// y for x `[..., in]`. Traps when the last axis of x is not `inputSize`.
  public func callAsFunction(_ x: Variable) -> Variable {
    guard let projection else {
      // No update yet; B is zero and has no gradient.
      let y =
        original.map { linear(x, $0, handle: handle) } ?? linear(x, held, handle: handle)
      return bias.map { y + Variable($0) } ?? y
    }
    let product = LowRankProduct(
      weight: held, up: side == .left ? .trained : .stored(projection),
      down: side == .left ? .stored(projection) : .trained, scale: configuration.scale)
    let y = product(x, Variable(factor), frozen: handle)
    return bias.map { y + Variable($0) } ?? y
  }

  /// W_q + s P B in full precision.
  public func effectiveWeight() -> Tensor<Float> {
    var result = weight.dequantized()
    addUpdate(of: factor.tensor, to: &result)
    return result
  }

  /// `target += s P b` for another value b of B.
  func addUpdate(of b: Tensor<Float>, to target: inout Tensor<Float>) {
    guard let p = projection?.dequantized() else { return }
    target.addUpdate(of: b, p, side, scale: configuration.scale, rows: 0..<outputSize)
  }

  /// Whether a saved state may have this rank.
  public func allows(rank: Int) -> Bool {
    if case .energy = configuration.rank { return (1...largestRank).contains(rank) }
    return rank == largestRank
  }

  /// The shape of B at a rank.
  public func factorShape(rank: Int) -> Shape {
    side == .left ? [outputSize, rank] : [rank, inputSize]
  }

  /// The packed parts of W and P, B and the bias.
  public var members: [ModuleMember] {
    (original.map { [ModuleMember("weight", .state(.deferred($0)))] }
      ?? held.members(named: "weight")) + [ModuleMember("weight", .frozen(handle))]
      + (projection?.members(named: "projection") ?? []) + [ModuleMember("factor", factor)]
      + (bias.map { [ModuleMember("bias", $0)] } ?? [])
  }

  /// Bytes held: of W, of P_q, of B, and of the copy of B that survival is measured against.
  public var byteCounts: (weight: Int, projection: Int, factor: Int, record: Int) {
    (
      held.byteCount, projection?.byteCount ?? 0, factor.byteCount, record?.byteCount ?? 0
    )
  }

  /// Puts back a saved state, from which training goes on with the same bits. Traps when the shapes
  /// do not fit the layer.
  ///
  /// - Parameters:
  ///   - weight: W_q.
  ///   - projection: P_q; nil before the first merge.
  ///   - factor: B.
  ///   - factorAtStart: B right after the last merge. Without it the next merge cannot tell the
  ///     update from what compensation had put into B, and reports neither its size nor its survival.
  public func restore(
    weight: StoredMatrix, projection: StoredMatrix?, factor: Tensor<Float>,
    factorAtStart: Tensor<Float>? = nil
  ) {
    let rank = factor.shape.rank == 2 ? factor.shape[side == .left ? 1 : 0] : 0
    precondition(
      weight.shape == [outputSize, inputSize] && allows(rank: rank)
        && factor.shape == factorShape(rank: rank)
        && projection.map { $0.shape == (side == .left ? [rank, inputSize] : [outputSize, rank]) }
          ?? true
        && factorAtStart.map { $0.shape == factor.shape } ?? true,
      "LoQTLinear.restore: the state does not fit a layer [\(outputSize), \(inputSize)]")
    self.weight = weight
    self.projection = projection
    self.factor.tensor = factor
    record = factorAtStart.map { FactorRecord($0, as: self.factor.storage) }
    factorFingerprint = record?.fingerprint
  }
}
