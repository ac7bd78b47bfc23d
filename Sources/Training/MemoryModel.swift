internal import Adapters
public import Autodiff
public import LanguageModels
internal import LoQT
internal import Optimizers
internal import Quantization
internal import Tensors

/// The bytes of a run by its settings alone: exactly what the live objects hold after the first two
/// steps. `other`, which depends on the machine, is not part of it.
public struct MemoryModel: Sendable {
  let model: LlamaConfiguration
  let shapes: [(name: String, out: Int, in: Int)]
  /// Elements of everything that is not a linear layer of a block.
  private let restCount: Int
  /// The shapes of everything that is not a linear layer of a block.
  private let restShapes: [Shape]
  /// Whether the second of them is a head of its own.
  let isUntied: Bool

  /// The memory of runs of a model.
  public init(_ model: LlamaConfiguration) {
    self.model = model
    shapes = model.linearShapes
    restCount = model.parameterCount - model.linearParameterCount
    isUntied = !model.tiesEmbeddings
    let table: Shape = [model.vocabularySize, model.hiddenSize]
    restShapes =
      Array(repeating: table, count: model.tiesEmbeddings ? 1 : 2)
      + Array(repeating: [model.hiddenSize], count: 2 * model.layers + 1)
  }

  /// The bytes of a plan; with a rank by energy, of the largest ranks it may choose.
  ///
  /// - Parameters:
  ///   - plan: How the linear layers are held and trained.
  ///   - storage: How B, embedding, head and dense matrices are held.
  public func breakdown(
    _ plan: MethodPlan, storage: ParameterStorage = .float32
  ) -> MemoryBreakdown {
    let element = storage.byteCount
    var bytes = MemoryBreakdown()
    var largest = 0
    /// Counts a trained tensor of a linear layer.
    func train(_ shape: Shape) {
      bytes.optimizer += plan.optimizer.stateByteCount(shape: shape)
      largest = max(largest, shape.elementCount)
    }
    var otherCount = 0
    for (name, out, input) in shapes {
      guard plan.isChosen(name) else {
        bytes.weights += element * out * input
        bytes.optimizer += plan.restOptimizer.stateByteCount(shape: [out, input])
        largest = max(largest, out * input)
        otherCount += out * input
        continue
      }
      let dense = element * out * input
      let r = plan.rank?.largest(out: out, in: input) ?? 0
      let (of, along) = plan.side.side(out: out, in: input) == .left ? (input, out) : (out, input)
      switch plan.layers {
      case .frozen: bytes.weights += dense
      case .dense(let packed):
        bytes.weights += packed.map { $0.byteCount(shape: [out, input]) } ?? dense
        train([out, input])
      case .adapter(let adapter, _):
        bytes.weights += adapter.weightFormat?.byteCount(shape: [out, input]) ?? 0
        bytes.adapters += element * r * (out + input)
        train([out, r])
        train([r, input])
      case .subspace(let subspace, let packed):
        bytes.weights += packed.map { $0.byteCount(shape: [out, input]) } ?? dense
        bytes.projections += subspace.projectionByteCount(out: out, in: input, rank: r)
        bytes.optimizer += plan.optimizer.stateByteCount(shape: [r, along])
        largest = max(largest, out * input)
      case .loqt(let loqt, _):
        bytes.weights += loqt.weightFormat.byteCount(shape: [out, input])
        bytes.projections += loqt.projectionFormat.byteCount(shape: [r, of])
        bytes.adapters += element * r * along
        train([r, along])
      }
    }
    // At a merge of LoQT the other parameters wait for the loss after it to be measured.
    let isTrained = restShapes.indices.map {
      $0 == 0 ? plan.trainsEmbedding : $0 == 1 && isUntied ? plan.trainsHead : true
    }
    let trained = zip(restShapes, isTrained).filter(\.1).map(\.0)
    let counts = trained.map(\.elementCount)
    largest = max(largest, counts.max() ?? 0)
    if case .loqt = plan.layers { largest = max(largest, counts.reduce(otherCount, +)) }
    bytes.gradients = 4 * largest
    let norms = restShapes.filter { $0.rank == 1 }.reduce(0) { $0 + $1.elementCount }
    bytes.weights += element * (restCount - norms) + 4 * norms
    bytes.optimizer += trained.reduce(0) {
      $0 + plan.restOptimizer.stateByteCount(shape: $1)
    }
    return bytes
  }
}
