import Formatting
import LanguageModels
import LoQT
import Stepping
import Tensors
import Terminal
import Training

/// A language model, which learns texts.
struct LanguageModelKind: TrainedKind {
  /// What the run will do, printed before it starts.
  func header(of trainer: LanguageModelTrainer) -> String {
    let (configuration, corpus) = (trainer.configuration, trainer.corpus)
    let model = configuration.model
    var method = configuration.method.name + configuration.planText
    let merges = trainer.plannedMerges
    if !merges.isEmpty {
      let some = merges.prefix(4).map(String.init).joined(separator: ", ")
      method +=
        ", \(counted(merges.count, "merge")) at step\(merges.count == 1 ? "" : "s") \(some)\(merges.count > 4 ? ", ..." : "")"
    }
    let text =
      corpus.statistics(sequence: configuration.sequence).map {
        "data      \(corpus.name): \($0.line(sequence: configuration.sequence))"
      } ?? """
        text      \(corpus.name): \(grouped(corpus.training.tokens.count)) tokens to train on, \
        \(grouped(corpus.validation.tokens.count)) to validate, \
        \(PlainText.decimals(corpus.training.bytesPerToken, 2)) bytes each
        """
    return """
      \(text)
      model     \(configuration.modelName): \(grouped(model.parameterCount)) parameters, \
      \(grouped(model.linearParameterCount)) of them in linear layers, vocabulary \
      \(grouped(model.vocabularySize))
      method    \(method)
      training  \(counted(configuration.steps, "step")) of \(configuration.batchSize) x \
      \(counted(configuration.sequence, "token")), learning rate \(configuration.learningRate), \
      \(counted(Threads.count, "thread"))
      \(processorLine)
      """
  }

  var isTextLoss: Bool { true }

  func text(of evaluation: RunRecord.Evaluation) -> String {
    "perplexity \(PlainText.decimals(evaluation.perplexity, 2))"
  }

  func save(
    _ trainer: LanguageModelTrainer, to path: String, isResumable: Bool,
    keepingOldAt keptPath: String?
  ) throws {
    try (isResumable ? Checkpoint(trainer) : Checkpoint(modelOf: trainer))
      .write(to: path, keepingOldAt: keptPath)
  }

  /// The numbers and the samples of a finished run.
  func results(of record: RunRecord) -> String {
    let tokens = record.steps.count * record.tokensPerStep
    var text = """

      \(counted(record.steps.count, "step")), \(counted(tokens, "token")) in \
      \(PlainText.duration(record.wallSeconds)), \(grouped(Int(record.tokensPerSecond))) tokens/s


      """
    if !record.validationLoss.isNaN {
      text += """
        validation perplexity  \(PlainText.decimals(record.validationPerplexity, 3))
        validation loss        \(PlainText.decimals(record.validationLoss, 4)) nats per token
        bits per byte          \(PlainText.decimals(record.bitsPerByte, 4))


        """
    }
    for sample in record.samples {
      let written = (sample.prompt + " [...]" + sample.continuation).split(separator: "\n")
      text += written.map { "  | \($0)\n" }.joined() + "\n"
    }
    return text
  }
}

extension RunRecord {
  /// The bytes of the run at its highest, by what they hold, beside those of full-rank training.
  var memoryTable: String {
    func row(_ name: String, _ run: String, _ full: String) -> String {
      name.padded(to: 34) + run.padded(to: -12) + full.padded(to: -18) + "\n"
    }
    func cell(_ bytes: Int) -> String { bytes == 0 ? "-" : PlainText.megabytes(bytes) }
    let (run, full) = (memory, fullRankMemory)
    return row("memory at its highest", "this run", "full-rank Adam")
      + MemoryBreakdown.rows.map {
        row($0.title, cell(run[keyPath: $0.path]), cell(full[keyPath: $0.path]))
      }.joined()
      + row("sum", PlainText.megabytes(run.tensors), PlainText.megabytes(full.tensors))
      + row("program and libraries", PlainText.megabytes(run.other), "")
      + row("peak of resident memory", PlainText.megabytes(peakResidentBytes), "")
  }
}

extension TrainingProgress {
  /// Tensor bytes by kind, alive after the step and at most during it.
  var memoryLine: String {
    let kinds = MemoryBreakdown.rows.filter { peakMemory[keyPath: $0.path] > 0 }.map {
      "\($0.title) \(PlainText.megabytes(memory[keyPath: $0.path])) (\(PlainText.megabytes(peakMemory[keyPath: $0.path])))"
    }
    return "memory after step \(step) (and at most): " + kinds.joined(separator: ", ")
  }
}

extension MergeReport {
  /// The merge in one line.
  var line: String {
    var parts = ["merge at step \(step): \(counted(layers.count, "layer"))"]
    parts.append(
      survival.map { "survival \(PlainText.decimals(100 * $0, 1)) %" } ?? "first projections")
    if let relativeUpdate {
      parts.append("update \(PlainText.decimals(100 * relativeUpdate, 2)) %")
    }
    if let medianAngle { parts.append("angle \(PlainText.decimals(medianAngle, 0))\u{b0}") }
    if let relativeError { parts.append("error \(PlainText.decimals(relativeError, 4))") }
    parts.append(
      "loss \(PlainText.decimals(lossBefore, 4))"
        + (lossAfter.map { " -> \(PlainText.decimals($0, 4))" } ?? ""))
    parts.append("\(PlainText.decimals(seconds, 2)) s")
    return parts.joined(separator: ", ")
  }
}
