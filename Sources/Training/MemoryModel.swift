public import LanguageModels
public import LoQT
internal import Quantization
import Tensors

/// The bytes of a run by its settings alone: exactly what the live objects hold after the first two
/// steps. `other`, which depends on the machine, is not part of it.
public struct MemoryModel: Sendable {
  private let shapes: [(out: Int, in: Int)]
  /// Elements of embedding and head each, and of everything that is not a linear layer of a block.
  private let embeddingCount: Int
  private let restCount: Int

  /// The memory of runs of a model.
  public init(_ model: LlamaConfiguration) {
    shapes = model.linearShapes
    embeddingCount = model.vocabularySize * model.hiddenSize
    restCount = model.parameterCount - model.linearParameterCount
  }

  /// The bytes of a method.
  ///
  /// - Parameters:
  ///   - loqt: How LoQT layers hold their matrices; ignored by the other methods.
  ///   - rank: r of GaLore; ignored by the other methods.
  public func breakdown(
    _ method: TrainingMethod, loqt: LoQTConfiguration? = nil, rank: Int = 1
  ) -> MemoryBreakdown {
    var bytes = MemoryBreakdown()
    let dense = shapes.reduce(0) { $0 + $1.out * $1.in }
    switch method {
    case .loqt, .loqtUnquantized:
      guard let loqt else { preconditionFailure("MemoryModel: no LoQT settings") }
      var largest = embeddingCount
      for (out, input) in shapes {
        let rank = min(loqt.rank, out, input)
        let adapter = rank * max(out, input)
        bytes.weights += loqt.weightFormat.byteCount(shape: [out, input])
        bytes.projections += loqt.projectionFormat.byteCount(
          shape: [rank, min(out, input)])
        bytes.adapters += 4 * adapter
        bytes.optimizer += 8 * adapter
        largest = max(largest, adapter)
      }
      // At a merge the other parameters wait for the loss after it to be measured.
      bytes.gradients = 4 * max(largest, restCount)
    case .full:
      bytes.weights = 4 * dense
      bytes.optimizer = 8 * dense
      bytes.gradients = 4 * max(embeddingCount, shapes.map { $0.out * $0.in }.max() ?? 0)
    case .galore:
      bytes.weights = 4 * dense
      for (out, input) in shapes {
        let rank = min(rank, out, input)
        bytes.projections += 4 * rank * min(out, input)
        bytes.optimizer += 8 * rank * max(out, input)
      }
      bytes.gradients = 4 * max(embeddingCount, shapes.map { $0.out * $0.in }.max() ?? 0)
    case .frozen:
      bytes.weights = 4 * dense
      bytes.gradients = 4 * embeddingCount
    }
    bytes.weights += 4 * restCount
    bytes.optimizer += 8 * restCount
    return bytes
  }
}
