public import Autodiff
public import JSON
internal import Synchronization
public import Layers
public import Optimizers
internal import Quantization
public import TensorFiles
public import Tensors

/// How the linear layers of a model are held and trained: what makes them, what they cost, what moves
/// them, what of them a checkpoint says. A value of such a type has all its options and no others, so
/// that what does not go together cannot be written.
///
/// The package's own are `FrozenMatrices`, `DenseMatrices`, `AdapterMatrices`, `SubspaceMatrices` and
/// `LoQTMatrices`; a method from outside brings its own.
public protocol Parameterisation: Sendable, Hashable, Codable {
  /// What makes the layers.
  var factory: any LinearFactory { get }
  /// r of the layers; nil where there is none.
  var rank: RankRule? { get }
  /// The side of the layers' projections.
  var side: SideRule { get }
  /// When updates are merged.
  var merges: MergeSchedule { get }
  /// Whether a merge happens inside the backward pass, for which the gradients of all other parameters
  /// are held.
  var mergesInBackward: Bool { get }
  /// The options in words, for people.
  var settings: [(String, String)] { get }

  /// What a layer holds and takes in a step.
  func cost(of layer: LinearShape, in step: StepShape) -> LayerCost
  /// The matrix products of a layer in an ordinary step beside y = x Wᵀ and dx = d W.
  ///
  /// - Parameters:
  ///   - layer: The sides of its matrix.
  ///   - tokens: Of the step.
  ///   - forwardPasses: 2 where activations are computed again on the way back.
  func products(of layer: LinearShape, tokens: Int, forwardPasses: Int) -> [MatrixProduct]

  /// What moves the layers' parameters by the optimizer that was chosen for them.
  func optimizer(
    of matrices: [Parameter], using inner: any Optimizer, random: RandomSource
  ) -> any Optimizer
  /// The learning rate of a run of so many steps.
  func learningRate(_ schedule: LearningRateSchedule, steps: Int) -> LearningRateSchedule

  /// The member of a checkpoint's `config.json` that says how the layers are held; nil where they are
  /// dense and nothing needs to be said.
  static var checkpointKey: String? { get }
  /// The value of that member, but for what each layer adds to it.
  var checkpointSection: JSONValue { get }
  /// Reads the member of a `config.json` that `checkpointSection` wrote: enough to make layers that the
  /// checkpoint then fills.
  static func reading(_ document: JSONDocument) throws(TensorFileError) -> any Parameterisation
}

extension Parameterisation {
  /// None.
  public var rank: RankRule? { nil }
  /// The smaller one.
  public var side: SideRule { .smaller }
  /// Never.
  public var merges: MergeSchedule { .never }
  /// False.
  public var mergesInBackward: Bool { false }
  /// None.
  public var settings: [(String, String)] { [] }
  /// None.
  public func products(of layer: LinearShape, tokens: Int, forwardPasses: Int) -> [MatrixProduct] {
    []
  }
  /// The inner optimizer.
  public func optimizer(
    of matrices: [Parameter], using inner: any Optimizer, random: RandomSource
  ) -> any Optimizer { inner }
  /// The schedule as it is.
  public func learningRate(_ schedule: LearningRateSchedule, steps: Int) -> LearningRateSchedule {
    schedule
  }
  /// Nil.
  public static var checkpointKey: String? { nil }
  /// Null.
  public var checkpointSection: JSONValue { .null }
  /// Dense matrices.
  public static func reading(_ document: JSONDocument) throws(TensorFileError)
    -> any Parameterisation
  { DenseMatrices() }

  /// Whether another value is one of the same type and equal.
  func equals(_ other: any Parameterisation) -> Bool { (other as? Self) == self }
}

/// The parameterisations that a `config.json` can tell of, by their members.
public enum StoredParameterisations {
  private static let known: [any Parameterisation.Type] = [
    LoQTMatrices.self, AdapterMatrices.self, DenseMatrices.self,
  ]
  private static let registered = Mutex<[any Parameterisation.Type]>([])

  /// Adds one from outside the package, so that checkpoints of its layers can be read.
  public static func register(_ type: any Parameterisation.Type) {
    registered.withLock { $0.append(type) }
  }

  /// How the linear layers of a checkpoint are held, by its `config.json`.
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

/// What of a step decides what a layer takes.
public struct StepShape: Sendable, Hashable {
  /// Tokens of a micro-batch.
  public var tokens: Int
  /// How trained matrices are held.
  public var storage: ParameterStorage

  /// A step of so many tokens.
  public init(tokens: Int = 0, storage: ParameterStorage = .float32) {
    self.tokens = tokens
    self.storage = storage
  }

  /// Bytes of an element's copy in single precision; 0 where it is held so anyway.
  public var widenedByteCount: Int { storage == .bfloat16 ? 4 : 0 }
}

/// What a linear layer holds and takes in a training step.
public struct LayerCost: Sendable, Hashable {
  /// Bytes of its matrix.
  public var weights = 0
  /// Bytes of its projection.
  public var projections = 0
  /// Bytes of its trained factors.
  public var adapters = 0
  /// Bytes of copies of the factors that are held between steps, for reports.
  public var records = 0
  /// Bytes that its matrix takes more before its first merge.
  public var original = 0
  /// The shapes of what its optimizer remembers moments of.
  public var moments: [Shape] = []
  /// Elements of each gradient that its optimizer is given.
  public var gradients: [Int] = []
  /// Elements a token that it keeps for the backward pass beside its input.
  public var keptPerToken = 0
  /// Bytes of copies and panels during its backward pass and update.
  public var scratch = 0
  /// Bytes that merging it takes.
  public var merge = 0
  /// Bytes of what sums its gradient over several micro-batches for a merge.
  public var sketch = 0

  /// Nothing.
  public init() {}

  /// A matrix that is trained as a whole, dense or packed.
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

/// Products of the same sizes: `rows` x `inner` times `inner` x `columns`.
public struct MatrixProduct: Sendable, Hashable {
  /// Rows of the result.
  public var rows: Int
  /// Terms of each sum.
  public var inner: Int
  /// Columns of the result.
  public var columns: Int
  /// How often in a step.
  public var count: Int

  /// A product that happens so often.
  public init(_ rows: Int, _ inner: Int, _ columns: Int, count: Int = 1) {
    self.rows = rows
    self.inner = inner
    self.columns = columns
    self.count = count
  }

  /// Multiplications and additions of all of them.
  public var operations: Double {
    2 * Double(count) * Double(rows) * Double(inner) * Double(columns)
  }

  /// Those of a low-rank update up `[out, r]` down `[r, in]` beside a frozen matrix, one factor of which
  /// is trained: up where P is on the left side. Each pass goes the way that takes fewer operations.
  static func lowRank(
    _ layer: LinearShape, rank r: Int, isLeft: Bool, tokens: Int, forwardPasses forward: Int
  ) -> [MatrixProduct] {
    let (out, input) = (layer.out, layer.in)
    var products: [MatrixProduct] = []
    // Forward: x down needs to be there for the gradient of up, on the left side.
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
