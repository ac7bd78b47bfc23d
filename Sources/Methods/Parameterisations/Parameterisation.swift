public import Autodiff
public import JSON
internal import Synchronization
public import Layers
public import Optimizers
public import Quantization
public import TensorFiles
public import Tensors

/// How the linear layers of a model are held and trained: their factory, their cost, their optimizer, and
/// what a checkpoint stores of them. Each type has exactly the options it supports, so that options that
/// do not go together cannot be combined.
///
/// The package provides `FrozenMatrices`, `DenseMatrices`, `AdapterMatrices`, `SubspaceMatrices` and
/// `LoQTMatrices`; methods from outside may define others.
public protocol Parameterisation: Sendable, Hashable, Codable {
  /// The factory of the layers.
  var factory: any LinearFactory { get }
  /// The rank r of the layers; nil if there is none.
  var rank: RankRule? { get }
  /// The side of the layers' projections.
  var side: SideRule { get }
  /// When updates are merged.
  var merges: MergeSchedule { get }
  /// Whether merges happen inside the backward pass, during which the gradients of all other parameters
  /// are held.
  var mergesInBackward: Bool { get }
  /// The format of the layers' packed matrices, which 8-bit arithmetic can multiply by; nil if they are
  /// dense, or there are none.
  var packing: WeightFormat? { get }
  /// The options as text for people.
  var settings: [(String, String)] { get }

  /// The memory that a layer holds and uses in a step.
  func cost(of layer: LinearShape, in step: StepShape) -> LayerCost
  /// The matrix products of a layer in an ordinary step, besides y = x Wᵀ and dx = d W.
  ///
  /// - Parameters:
  ///   - layer: The shape of its matrix.
  ///   - tokens: Tokens per step.
  ///   - forwardPasses: 2 if activations are recomputed in the backward pass, or else 1.
  func products(of layer: LinearShape, tokens: Int, forwardPasses: Int) -> [MatrixProduct]

  /// The optimizer of the layers' parameters, built around the one chosen for them.
  func optimizer(
    of matrices: [Parameter], using inner: any Optimizer, random: RandomSource
  ) -> any Optimizer
  /// The learning rate of a run of `steps` steps, adapted from its schedule.
  func learningRate(_ schedule: LearningRateSchedule, steps: Int) -> LearningRateSchedule

  /// The member of a checkpoint's `config.json` that describes how the layers are held; nil if they are
  /// dense and need no description.
  static var checkpointKey: String? { get }
  /// The value of that member, to which the checkpoint adds the formats of each layer.
  var checkpointSection: JSONValue { get }
  /// Reads the member of a `config.json` that `checkpointSection` wrote, which is enough to make layers
  /// that the checkpoint then restores.
  static func reading(_ document: JSONDocument) throws(TensorFileError) -> any Parameterisation
}

extension Parameterisation {
  /// No rank.
  public var rank: RankRule? { nil }
  /// The smaller side.
  public var side: SideRule { .smaller }
  /// No merges.
  public var merges: MergeSchedule { .never }
  /// False.
  public var mergesInBackward: Bool { false }
  /// No packed matrices.
  public var packing: WeightFormat? { nil }
  /// No settings.
  public var settings: [(String, String)] { [] }
  /// No further products.
  public func products(of layer: LinearShape, tokens: Int, forwardPasses: Int) -> [MatrixProduct] {
    []
  }
  /// The inner optimizer.
  public func optimizer(
    of matrices: [Parameter], using inner: any Optimizer, random: RandomSource
  ) -> any Optimizer { inner }
  /// The unchanged schedule.
  public func learningRate(_ schedule: LearningRateSchedule, steps: Int) -> LearningRateSchedule {
    schedule
  }
  /// No member.
  public static var checkpointKey: String? { nil }
  /// Null.
  public var checkpointSection: JSONValue { .null }
  /// Dense matrices.
  public static func reading(_ document: JSONDocument) throws(TensorFileError)
    -> any Parameterisation
  { DenseMatrices() }

  /// Whether another value has the same type and is equal.
  func equals(_ other: any Parameterisation) -> Bool { (other as? Self) == self }
}

/// The parameterisations that a `config.json` can describe.
public enum StoredParameterisations {
  private static let known: [any Parameterisation.Type] = [
    LoQTMatrices.self, AdapterMatrices.self, DenseMatrices.self,
  ]
  private static let registered = Mutex<[any Parameterisation.Type]>([])

  /// Registers a parameterisation from outside the package, so that checkpoints with it can be read.
  public static func register(_ type: any Parameterisation.Type) {
    registered.withLock { $0.append(type) }
  }

  /// The parameterisation of a checkpoint's linear layers, from its `config.json`.
  public static func reading(_ document: JSONDocument) throws(TensorFileError)
    -> any Parameterisation
  {
    for type in known + registered.withLock({ $0 }) {
      guard let key = type.checkpointKey, (document.object[key] ?? .null) != .null else { continue }
      return try type.reading(document)
    }
    return DenseMatrices()
  }
}

/// The properties of a step that determine the cost of a layer.
public struct StepShape: Sendable, Hashable {
  /// Tokens per micro-batch.
  public var tokens: Int
  /// How trained matrices are held.
  public var storage: ParameterStorage

  /// A step with micro-batches of `tokens` tokens.
  public init(tokens: Int = 0, storage: ParameterStorage = .float32) {
    self.tokens = tokens
    self.storage = storage
  }

  /// Bytes of an element's copy in single precision; 0 if it is held in that precision anyway.
  public var widenedByteCount: Int { storage == .bfloat16 ? 4 : 0 }
}

/// The memory that a linear layer holds and uses in a training step.
public struct LayerCost: Sendable, Hashable {
  /// Bytes of its matrix.
  public var weights = 0
  /// Bytes of its projection.
  public var projections = 0
  /// Bytes of its trained factors.
  public var adapters = 0
  /// Bytes of copies of the factors that are held between steps, for reports.
  public var records = 0
  /// Additional bytes of its matrix before its first merge.
  public var original = 0
  /// The shapes that its optimizer holds moments of.
  public var moments: [Shape] = []
  /// Elements of each gradient that its optimizer receives.
  public var gradients: [Int] = []
  /// Elements per token that it keeps for the backward pass besides its input.
  public var keptPerToken = 0
  /// Bytes of copies and panels during its backward pass and update.
  public var scratch = 0
  /// Bytes needed to merge it.
  public var merge = 0
  /// Bytes of the sketch that sums its gradient over several micro-batches for a merge.
  public var sketch = 0

  /// No cost.
  public init() {}

  /// The cost of a matrix that is trained by its full gradient, dense or packed.
  static func whole(_ layer: LinearShape, packed: WeightFormat?, in step: StepShape) -> LayerCost {
    var cost = LayerCost()
    cost.weights =
      packed?.byteCount(shape: [layer.out, layer.in])
      ?? step.storage.byteCount * layer.elementCount
    cost.moments = [[layer.out, layer.in]]
    cost.gradients = [layer.elementCount]
    cost.scratch =
      packed == nil
      ? step.widenedByteCount * layer.elementCount : 4 * layer.elementCount + panelBytes
    return cost
  }

  /// Two panels of a packed matrix in single precision.
  static let panelBytes = 2 * (4 << 20)
}

/// One or more products of the same size: `rows` x `inner` times `inner` x `columns`.
public struct MatrixProduct: Sendable, Hashable {
  /// Rows of the result.
  public var rows: Int
  /// Terms of each sum.
  public var inner: Int
  /// Columns of the result.
  public var columns: Int
  /// Products per step.
  public var count: Int

  /// A product that is computed `count` times.
  public init(_ rows: Int, _ inner: Int, _ columns: Int, count: Int = 1) {
    self.rows = rows
    self.inner = inner
    self.columns = columns
    self.count = count
  }

  /// Multiplications and additions of all products.
  public var operations: Double {
    2 * Double(count) * Double(rows) * Double(inner) * Double(columns)
  }

  /// The products of a low-rank update up `[out, r]` down `[r, in]` beside a frozen matrix, with one
  /// trained factor: up if P is on the left side. Each pass takes the route with fewer operations.
  static func lowRank(
    _ layer: LinearShape, rank r: Int, isLeft: Bool, tokens: Int, forwardPasses forward: Int
  ) -> [MatrixProduct] {
    let (out, input) = (layer.out, layer.in)
    var products: [MatrixProduct] = []
    // Forward: on the left side the gradient of up needs x down.
    if out * input < tokens * (out + (isLeft ? 0 : input)) {
      products.append(MatrixProduct(out, r, input, count: forward))
      if isLeft { products.append(MatrixProduct(tokens, input, r, count: forward)) }
    } else {
      products.append(MatrixProduct(tokens, input, r, count: forward))
      products.append(MatrixProduct(tokens, r, out, count: forward))
    }
    if out * input < tokens * (input + (isLeft ? out : 0)) {
      products.append(MatrixProduct(out, r, input))
      if !isLeft { products.append(MatrixProduct(tokens, out, r)) }
    } else {
      products.append(MatrixProduct(tokens, out, r))
      products.append(MatrixProduct(tokens, r, input))
    }
    products.append(isLeft ? MatrixProduct(out, tokens, r) : MatrixProduct(r, tokens, input))
    return products
  }
}
