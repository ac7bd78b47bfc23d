import Autodiff
import Foundation
import JSON
import LanguageModels
import Layers
import Optimizers
import TensorFiles
import TestSupport
import Tensors
import Testing
import Tokenization

@testable import Training

/// Texts that begin with what they are about.
private func animals(_ count: Int, isRegression: Bool = false) throws -> LabelledText {
  let names = ["cat", "dog", "emu"]
  let lines = (0..<count).map { index in
    let label = isRegression ? "\(Double(index % 3) / 2)" : names[index % 3]
    return "\(label)\t\(names[index % 3]) number \(index)\(index % 7 == 0 ? " and more" : "")\n"
  }
  return try LabelledText(
    Array(lines.joined().utf8), name: "animals.tsv", kind: isRegression ? .numbers : .classes)
}

private func data(isRegression: Bool = false) throws -> ClassificationData {
  ClassificationData(
    try animals(120, isRegression: isRegression), tokenizer: ByteTokenizer(), length: 24)
}

/// Small models of every kind.
private let bodies: [any TextModelConfiguration] = {
  var deBERTa = DeBERTaConfiguration(
    vocabularySize: 256, hiddenSize: 24, intermediateSize: 40, layers: 2, heads: 4, maxPositions: 24
  )
  deBERTa.buckets = 8
  return [
    TextEncoderConfiguration(
      vocabularySize: 256, hiddenSize: 24, intermediateSize: 40, layers: 2, heads: 4,
      maxPositions: 24), deBERTa, tinyModel,
  ]
}()

private func configuration(
  _ body: any TextModelConfiguration, _ method: TrainingMethod, steps: Int = 12,
  _ data: ClassificationData, weights: String? = nil, memory: MemoryOptions = MemoryOptions(),
  rate: Double = 0.01
) throws -> TrainingConfiguration {
  var configuration = try TrainingConfiguration(
    model: body, weights: weights, method: method,
    options: .with {
      $0.rank = 8
      $0.mergeGap = 4
    }, steps: steps, batchSize: 6, microBatches: memory.updates == .automatic ? 2 : 1, sequence: 24,
    memory: memory, learningRate: rate, seed: 3, evaluationInterval: 6)
  configuration.model = try ClassifierConfiguration(body, of: data)
  return configuration
}

private func trainer(_ configuration: TrainingConfiguration, _ data: ClassificationData) throws
  -> ClassifierTrainer
{ Trainer(configuration, task: try Classification(configuration, data: data)) }

private func advance(_ trainer: ClassifierTrainer, to step: Int = .max) async throws {
  for try await event in trainer {
    if case .step(let progress) = event, progress.step == step { break }
  }
}

/// Everything of a model, to the bit.
private func bits(_ trainer: ClassifierTrainer) throws -> Data {
  try withTemporaryFolder { folder in
    try ClassifierCheckpoint(trainer).write(to: folder + "/checkpoint")
    return try Data(contentsOf: URL(filePath: folder + "/checkpoint/model.safetensors"))
  }
}

@Suite struct ClassificationTests {
  @Test(arguments: [0, 1, 2], [TrainingMethod.full, .loqt])
  func aClassifierLearnsWhatTextsBeginWith(_ body: Int, _ method: TrainingMethod) async throws {
    let data = try data()
    #expect(data.validation.count == 12 && data.training.count == 108)
    let run = try trainer(
      configuration(bodies[body], method, steps: 60, data, rate: method == .full ? 0.003 : 0.02),
      data)
    try await advance(run)
    let record = run.finish()
    let scores = try #require(record.classification)
    #expect(scores.count == 12 && scores.confusion?.labels == ["cat", "dog", "emu"])
    // A guess has a third, and ln 3 = 1.0986.
    #expect(record.accuracy ?? 0 >= 0.9, "\(method) \(scores.measures)")
    #expect(record.validationLoss < 0.6 && record.validationLoss == scores.loss)
    if method == .loqt { #expect(record.merges.count >= 3) }
  }

  @Test func numbersAreLearntToo() async throws {
    let data = try data(isRegression: true)
    let run = try trainer(configuration(bodies[0], .full, steps: 60, data, rate: 0.003), data)
    try await advance(run)
    let scores = try #require(run.finish().classification)
    // The variance of 0, .5 and 1 is 1/6.
    #expect(scores.loss < 0.05 && scores.pearson ?? 0 > 0.9 && scores.confusion == nil)
  }

  /// In a process of its own, as sums may be added in another order while other tests use the threads.
  @Test func runsGoOnBitForBit() async {
    await #expect(processExitsWith: .success) {
      do {
        let data = try data()
        for (index, method) in [TrainingMethod.loqt, .lora, .loftq, .full, .galore].enumerated() {
          let settings = try configuration(bodies[index % 3], method, data)
          let whole = try trainer(settings, data)
          try await advance(whole, to: 11)
          let first = try trainer(settings, data)
          try await advance(first, to: 5)
          let folder = try makeTemporaryFolder()
          defer { removeTemporaryFolder(folder) }
          try ClassifierCheckpoint(first).write(to: folder + "/checkpoint")
          let second = try ClassifierTrainer(resuming: folder + "/checkpoint", data: data)
          #expect(second.step == 5)
          try await advance(second, to: 11)
          #expect(try bits(second) == bits(whole), "\(method.name)")
          #expect(second.record.steps.map(\.loss) == whole.record.steps.map(\.loss))
          let error = #expect(throws: InputError.self) {
            try ClassifierTrainer(
              resuming: folder + "/checkpoint",
              data: ClassificationData(
                animals(90), tokenizer: ByteTokenizer(), length: 24))
          }
          #expect(error?.description.contains("not what the saved run learns") == true)
        }
      } catch {
        // An error that leaves the process tells nothing.
        Issue.record("\(error)")
      }
    }
  }

  @Test(arguments: [TrainingMethod.loqt, .lora, .loftq, .full])
  func aFinishedRunIsReadAndExportedWithTheSameAnswers(_ method: TrainingMethod) async throws {
    let data = try data()
    for body in bodies {
      let run = try trainer(configuration(body, method, data), data)
      try await advance(run)
      _ = run.finish()
      let expected = run.task.model.scores(
        on: data.validation, labels: data.labels, padding: data.padding)
      let folder = try makeTemporaryFolder()
      defer { removeTemporaryFolder(folder) }
      try ClassifierCheckpoint(run).write(to: folder + "/checkpoint")
      let source = try ModelSource(path: folder + "/checkpoint")
      let read = try source.makeClassifier()
      #expect(read.configuration == run.task.model.configuration)
      #expect(
        read.scores(on: data.validation, labels: data.labels, padding: data.padding) == expected)
      try source.exportDense(to: folder + "/dense")
      let document = try JSONDocument(path: folder + "/dense/config.json")
      #expect(ClassifierConfiguration.describes(document))
      #expect(document.object["id2label"]?["2"] == "emu")
      let dense = try ModelSource(path: folder + "/dense").makeClassifier()
      let loss = dense.scores(
        on: data.validation, labels: data.labels, padding: data.padding
      ).loss
      // W and its update are added in another order.
      #expect(abs(loss - expected.loss) <= 1e-5, "\(method.name) of \(body.modelType)")
    }
  }

  @Test func anEncoderWithOtherHeadsBeginsAClassifier() throws {
    let folder = "\(Fixture.folder)/bert_tiny"
    let source = try ModelSource(path: folder)
    let trained = try source.makeClassifier()
    let own = try #require(source.configuration as? ClassifierConfiguration)
    // The same classes keep the last layer, others get a new one; the pooler is kept either way.
    let same = try source.makeClassifier(of: own, using: .dense(seed: 4))
    #expect(same.parameterTensors == trained.parameterTensors)
    let other = ClassifierConfiguration(own.body, labels: ["a", "b"])
    let new = try source.makeClassifier(of: other, using: .dense(seed: 4))
    #expect(new.pooler?.weight.tensor == trained.pooler?.weight.tensor)
    #expect(new.classifier.weight.shape == [2, 32])
    #expect(
      (new.body.parameters.map(\.tensor)) == trained.body.parameters.map(\.tensor))
  }

  @Test func aLanguageModelAndAClassifierAreToldApart() throws {
    let encoder = try ModelSource(path: "\(Fixture.folder)/bert_tiny")
    let error = #expect(throws: InputError.self) { try encoder.makeModel() }
    #expect(error?.description.contains("a classifier, a bert") == true)
    let language = try ModelSource(path: "\(Fixture.folder)/qwen2_tiny")
    #expect(throws: InputError.self) { try language.makeClassifier() }
  }

  /// In a process of its own, where nothing else holds tensors.
  @Test func memoryIsToldBeforehand() async {
    await #expect(processExitsWith: .success) {
      let data = try data()
      for body in bodies {
        for method in [TrainingMethod.full, .loqt, .lora] {
          let run = try trainer(configuration(body, method, data), data)
          try await advance(run)
          let record = run.finish()
          let told = Double(record.estimatedTensorBytes ?? 0)
          let live = Double(record.memory.tensors)
          // Batches are shorter than the 24 tokens that are told, and of packed matrices panels of a fixed
          // size are told, larger than these models.
          #expect(
            live < 1.1 * told && (method != .full || live > 0.6 * told),
            """
            \(body.modelType) \(method.name): \(live) of \(told); run \(record.memory), estimate \
            \(MemoryModel(run.configuration.model).peak(
              run.configuration.plan, memory: run.configuration.memory,
              batch: run.configuration.batchShape))
            """)
        }
      }
    }
  }

  @Test func longTextsLoseTheirEnds() {
    let example = LabelledText.Example(
      text: Array("abcdefgh".utf8), pair: Array("ijkl".utf8), label: 0, value: 0, line: 1)
    let encoded = EncodedTexts([example], tokenizer: ByteTokenizer(), length: 10)
    #expect(encoded.texts[0].ids == "abcdefijkl".utf8.map { Int32($0) })
    #expect(encoded.truncatedCount == 1)
    let short = EncodedTexts([example], tokenizer: ByteTokenizer(), length: 6)
    #expect(short.texts[0].ids == "abcijk".utf8.map { Int32($0) })
  }

  @Test func overlappingWindowsPredictEveryTokenOnce() throws {
    let model = Llama(tinyModel, using: .dense(seed: 5))
    let stream = TokenStream(patternedText(100), tokenizer: ByteTokenizer())
    let tokens = stream.tokens
    let (sum, count, bytes) = model.slidingLoss(of: stream, sequence: 16, stride: 5)
    let last = tokens.count - 1
    #expect(count == last && bytes == Double(last))
    // Each token by itself, from the window that first reaches it.
    var expected = 0.0
    for target in 1...last {
      let end = target <= 16 ? 16 : min(last, 16 + (target - 16 + 4) / 5 * 5)
      let first = end - 16
      let logits = model.logits(
        Tensor(Array(tokens[first..<target]), shape: [1, target - first])
      ).tensor
      let row = logSoftmax(logits.element(at: 0).element(at: target - first - 1).contiguous())
      expected -= Double(row.scalars[Int(tokens[target])])
    }
    #expect(abs(sum - expected) <= 1e-4 * expected)
  }

  @Test func aChoiceIsAsLikelyAsItsTokens() throws {
    let model = Llama(tinyModel, using: .dense(seed: 5))
    let question = MultipleChoice.Question(prompt: "ab ", choices: ["cd", " e"], answer: 0)
    let found = model.logLikelihoods(of: question, tokenizer: ByteTokenizer())
    // The prompt's space is the choice's.
    for (likelihood, (text, count)) in zip(found, [("ab cd", 3), ("ab  e", 3)]) {
      let ids = text.utf8.map { Int32($0) }
      let logits = logSoftmax(
        model.logits(Tensor(Array(ids.dropLast()), shape: [1, 4])).tensor.element(at: 0)
          .contiguous())
      let sum = (ids.count - count..<ids.count).reduce(0.0) {
        $0 + Double(logits.element(at: $1 - 1).scalars[Int(ids[$1])])
      }
      #expect(likelihood.tokens == count && abs(likelihood.sum - sum) <= 1e-5 * abs(sum))
    }
  }
}
