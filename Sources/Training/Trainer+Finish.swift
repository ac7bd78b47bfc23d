internal import Autodiff
internal import Foundation
internal import LanguageModels
internal import Layers
internal import Optimizers
internal import Quantization
internal import QuantizedLayers
internal import Stepping
internal import Tensors
internal import Tokenization

extension Trainer {
  /// Evaluates the model on the whole validation set and completes the record. After an interruption only
  /// the numbers that cost nothing are filled in, and the validation loss is NaN.
  public func finish(isInterrupted: Bool = false) -> RunRecord {
    if !isInterrupted, task.size(of: .final) > 0 {
      let loss = measure(.final)
      record.validationLoss = loss
      record.evaluations.append(RunRecord.Evaluation(step: step, loss: loss))
    }
    record.tokensPerSecond =
      clock.trainingSeconds > 0
      ? Double(step * task.tokensPerStep) / clock.trainingSeconds : 0
    let model = MemoryModel(configuration.model)
    record.fullRankMemory = model.peak(
      MethodPlan(layers: .dense()), memory: configuration.memory, batch: configuration.batchShape)
    record.peakResidentBytes = ProcessMemory.peakResidentBytes
    record.memory = peakMemory
    record.memory.other = programBytes
    record.peaks = kindPeaks
    record.estimatedTensorBytes =
      model.peak(
        configuration.plan, memory: configuration.memory, batch: configuration.batchShape
      ).tensors
    record.operationsPerStep = configuration.stepProducts.operations
    if !isInterrupted, task.size(of: .final) > 0 { task.complete(&record) }
    record.wallSeconds = clock.elapsed
    return record
  }

  /// The bytes that the run's objects hold now, and the most gradient bytes held at once; `other` is 0.
  public var liveMemory: MemoryBreakdown {
    var bytes = MemoryBreakdown()
    for (_, layer) in task.module.modules(ofType: (any StoredLayer).self) {
      let counts = layer.storedByteCounts
      bytes.weights += counts.weights
      bytes.projections += counts.projections
    }
    var largest = 0
    for parameter in task.module.parameters {
      if parameter.memoryKind == .adapters {
        bytes.adapters += parameter.byteCount
      } else {
        bytes.weights += parameter.byteCount
      }
      if parameter.isTrainable { largest = Swift.max(largest, 4 * parameter.shape.elementCount) }
    }
    for (_, layer) in task.module.modules(ofType: PackedLinear.self) {
      largest = Swift.max(largest, 4 * layer.outputSize * layer.inputSize)
    }
    bytes.projections += subspaces?.projectionByteCount ?? 0
    bytes.optimizer = optimizer.optimizer.stateByteCount
    bytes.gradients = Swift.max(largest, largestCollectedGradients)
    return bytes
  }
}
