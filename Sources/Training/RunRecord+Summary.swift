public import JSON
internal import LoQT
internal import Stepping
public import TensorFiles

extension RunRecord {
  /// Perplexity per token on the validation text at the end of the run.
  public var validationPerplexity: Double { perplexity(ofLoss: validationLoss) }

  /// The run's numbers for other programs, with the keys of `loqt pretrain --summary`.
  public var summary: JSONValue {
    func bytes(_ memory: MemoryBreakdown) -> JSONValue {
      guard case .object(var object) = memory.json else { return memory.json }
      object["other"] = .integer(memory.other)
      return .object(object)
    }
    return [
      "method": .string(method),
      "seed": Int(exactly: seed).map { .integer($0) } ?? .number(Double(seed)),
      "steps": .integer(steps.count),
      "skipped_steps": skippedSteps.map { .integer($0) } ?? .null,
      "tokens": .integer(steps.count * tokensPerStep),
      "parameter_count": .integer(parameterCount),
      "validation_loss": .number(validationLoss),
      "validation_perplexity": .number(validationPerplexity),
      "bits_per_byte": .number(bitsPerByte),
      "classification": classification?.json ?? .null,
      "tokens_per_second": .number(tokensPerSecond),
      "wall_seconds": .number(wallSeconds),
      "peak_resident_bytes": .integer(peakResidentBytes),
      "tensor_bytes": .integer(memory.tensors),
      "estimated_tensor_bytes": estimatedTensorBytes.map { .integer($0) } ?? .null,
      "operations_per_step": Self.number(operationsPerStep),
      "step_seconds": .array(
        zip(steps, [0] + steps.map(\.elapsed)).map { .number($0.elapsed - $1) }),
      "data": data.map(Self.summary) ?? .null,
      "bytes": bytes(memory),
      "peak_bytes": peaks.map { bytes($0) } ?? .null,
      "merges": .array(merges.map(Self.summary)),
    ]
  }

  private static func summary(of data: DataStatistics) -> JSONValue {
    [
      "examples": .integer(data.examples),
      "validation_examples": .integer(data.validationExamples),
      "tokens": .integer(data.tokens),
      "learnt_tokens": .integer(data.learntTokens),
      "longest": .integer(data.longest),
      "truncated": .integer(data.truncated),
      "left_out": .integer(data.leftOut),
      "windows": .integer(data.windows),
    ]
  }

  private static func summary(of merge: MergeReport) -> JSONValue {
    return [
      "step": .integer(merge.step),
      "survival": number(merge.survival),
      "relative_error": number(merge.relativeError),
      "loss_before": number(merge.lossBefore),
      "loss_after": number(merge.lossAfter),
      "angle": number(merge.medianAngle),
      "seconds": number(merge.seconds),
      "layers": .array(merge.layers.map(summary)),
    ]
  }

  private static func summary(of layer: LayerMerge) -> JSONValue {
    [
      "name": .string(layer.name),
      "relative_update": number(layer.relativeUpdate),
      "survival": number(layer.survival),
      "relative_error": number(layer.relativeError),
      "effective_rank": layer.effectiveRank.map { .integer($0) } ?? .null,
      "angles": layer.angles.map {
        .array([.number($0.smallest), .number($0.median), .number($0.largest)])
      } ?? .null,
      "bytes": layer.byteCount.map { .integer($0) } ?? .null,
      "seconds": .number(layer.seconds),
    ]
  }

  private static func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

  /// Writes the summary. Throws a `TensorFileError` if the file cannot be written.
  public func writeSummary(to path: String) throws(TensorFileError) {
    try AtomicFile.write(summary.text(.indented) + "\n", to: path)
  }
}

extension RunRecord.Evaluation {
  /// Perplexity per token.
  public var perplexity: Double { Training.perplexity(ofLoss: loss) }
}
