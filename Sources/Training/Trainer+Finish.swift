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
  /// Measures the model on the whole validation text, lets it write samples, and completes the
  /// record. After an interruption only the numbers that cost nothing are filled in; the validation
  /// loss is not a number then.
  public func finish(isInterrupted: Bool = false) -> RunRecord {
    if !isInterrupted, validationWindows.tokenCount > 0 {
      let loss = evaluate(validationWindows)
      record.validationLoss = loss
      record.bitsPerByte =
        loss * Double(validationWindows.tokenCount) / validationWindows.byteCount / log(2)
      record.evaluations.append(RunRecord.Evaluation(step: step, loss: loss))
      record.samples = samples()
    }
    record.tokensPerSecond =
      clock.trainingSeconds > 0
      ? Double(step * configuration.tokensPerStep) / clock.trainingSeconds : 0
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
    record.wallSeconds = clock.elapsed
    return record
  }

  /// The bytes that the run's objects hold now, and the most gradients that it held at once; without
  /// `other`.
  public var liveMemory: MemoryBreakdown {
    var bytes = MemoryBreakdown()
    for (_, layer) in model.modules(ofType: (any StoredLayer).self) {
      let counts = layer.storedByteCounts
      bytes.weights += counts.weights
      bytes.projections += counts.projections
    }
    var largest = 0
    for parameter in model.parameters {
      if parameter.memoryKind == .adapters {
        bytes.adapters += parameter.byteCount
      } else {
        bytes.weights += parameter.byteCount
      }
      if parameter.isTrainable { largest = Swift.max(largest, 4 * parameter.shape.elementCount) }
    }
    for (_, layer) in model.modules(ofType: PackedLinear.self) {
      largest = Swift.max(largest, 4 * layer.outputSize * layer.inputSize)
    }
    bytes.projections += subspaces?.projectionByteCount ?? 0
    bytes.optimizer = optimizer.optimizer.stateByteCount
    bytes.gradients = Swift.max(largest, largestCollectedGradients)
    return bytes
  }

  /// Continues some beginnings from the validation text.
  private func samples() -> [RunRecord.Sample] {
    var random = RandomSource(seed: configuration.seed).split("samples")
    return corpus.prompts(3).compactMap { prompt in
      let tokens = corpus.tokenizer.encode(prompt)
      guard !tokens.isEmpty else { return nil }
      let continuation = model.generate(
        prompt: tokens, count: 48, temperature: 0.8, topK: 40, random: &random)
      return RunRecord.Sample(
        prompt: prompt, continuation: corpus.tokenizer.decode(continuation))
    }
  }
}
