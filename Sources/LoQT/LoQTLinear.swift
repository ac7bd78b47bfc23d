public import Autodiff
public import Layers
public import Optimizers
public import Quantization
public import QuantizedLayers
public import Tensors

/// A linear layer of LoQT: y = x W_qᵀ + s x (P B)ᵀ with W_q and P frozen and packed, B trained.
///
/// The low-rank update is held as two factors, `up` `[out, r]` and `down` `[r, in]`. On the left side
/// P is `down` and B is `up`; on the right side P is `up` and B is `down`. P is computed from the
/// gradient at the first merge; until then the layer is just x Wᵀ.
public final class LoQTLinear: PackedProductLayer {
  /// The method's settings.
  public let configuration: LoQTConfiguration
  /// Size of the last axis of the input.
  public let inputSize: Int
  /// Size of the last axis of the output.
  public let outputSize: Int
  /// The present rank r; before the first merge, the largest that the configuration allows.
  public var rank: Int { factor.shape[side == .left ? 1 : 0] }
  /// The rule for the rank of a new P.
  var rankRule: RankRule {
    if case .energy = configuration.rank { configuration.rank } else { .count(largestRank) }
  }
  /// The largest r that the configuration allows, at most the smaller side.
  public let largestRank: Int
  /// The side of P.
  public let side: ProjectionSide
  /// W_q `[out, in]`, or before the first merge the original W in full precision if the configuration
  /// keeps it; a deferred W is read at each use.
  public internal(set) var weight: StoredMatrix {
    get { original.map { .dense($0.tensor()) } ?? held }
    set {
      newValue.count(as: .weights)
      held = newValue
      original = nil
    }
  }
  /// The original W if it is read at each use rather than held; nil after the first merge.
  public private(set) var original: DeferredTensor?
  private var held: StoredMatrix
  /// The present format of W.
  public var weightFormat: WeightFormat { original == nil ? held.format : .float32 }
  /// P_q, `[r, in]` on the left side, `[out, r]` on the right; nil before the first merge.
  public internal(set) var projection: StoredMatrix? {
    didSet { projection?.count(as: .projections) }
  }
  /// B, `[out, r]` on the left side, `[r, in]` on the right.
  public let factor: Parameter
  /// The trained bias `[out]`, or nil.
  public let bias: Parameter?
  /// The handle through which the gradient of W is requested at a merge.
  public let handle = FrozenMatrix()
  /// What x Wᵀ and d W are computed in while W is packed.
  public var arithmetic = Arithmetic.float

  /// B right after the last merge, if the configuration records survival; nil before the first merge.
  public var factorAtStart: Tensor<Float>? { record?.tensor }
  var record: FactorRecord?

  /// Whether a merge is due that has not happened yet.
  public var isMergeDue = false
  /// Whether the current step merges the layer.
  var isMerging = false
  /// The sum of the micro-batches' gradients so far in a step that merges.
  var window: GradientWindow?

  let random: RandomSource
  /// The fingerprint of B right after the last merge, to detect whether it was trained since.
  var factorFingerprint: UInt64?

  /// A layer that starts from W `[out, in]` with no update. Traps when the shapes do not fit.
  ///
  /// - Parameters:
  ///   - weight: W.
  ///   - bias: `[out]`; nil for none.
  ///   - configuration: How the layer holds and merges its matrices.
  ///   - random: The source of random numbers for computing P, split by the step of each merge.
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

  /// A layer that starts from W `[out, in]` with no update. If `configuration` keeps the original W until
  /// the first merge, it is read for each product until then, and never held. Traps if the shapes do not
  /// fit.
  ///
  /// - Parameters:
  ///   - weight: W.
  ///   - bias: `[out]`; nil for none.
  ///   - configuration: How the layer holds and merges its matrices.
  ///   - random: The source of random numbers for computing P, split by the step of each merge.
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
      // There is no update yet: B is zero and has no gradient.
      let y =
        original.map { linear(x, $0, handle: handle) }
        ?? linear(x, held, handle: handle, arithmetic: arithmetic)
      return bias.map { y + Variable($0) } ?? y
    }
    let product = LowRankProduct(
      weight: held, up: side == .left ? .trained : .stored(projection),
      down: side == .left ? .stored(projection) : .trained, scale: configuration.scale,
      arithmetic: arithmetic)
    let y = product(x, Variable(factor), frozen: handle)
    return bias.map { y + Variable($0) } ?? y
  }

  /// W_q + s P B in full precision.
  public func effectiveWeight() -> Tensor<Float> {
    var result = weight.dequantized()
    addUpdate(of: factor.tensor, to: &result)
    return result
  }

  /// `target += s P b` for a value b of B.
  func addUpdate(of b: Tensor<Float>, to target: inout Tensor<Float>) {
    guard let p = projection?.dequantized() else { return }
    target.addUpdate(of: b, p, side, scale: configuration.scale, rows: 0..<outputSize)
  }

  /// Whether the configuration allows a saved state of this rank.
  public func allows(rank: Int) -> Bool {
    if case .energy = configuration.rank { return (1...largestRank).contains(rank) }
    return rank == largestRank
  }

  /// The shape of B for a rank.
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

  /// Restores a saved state, from which training continues bit for bit. Traps if the shapes do not fit
  /// the layer.
  ///
  /// - Parameters:
  ///   - weight: W_q.
  ///   - projection: P_q; nil before the first merge.
  ///   - factor: B.
  ///   - factorAtStart: B right after the last merge. Without it the next merge cannot separate the
  ///     update from what compensation put into B, and reports neither its size nor its survival.
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
