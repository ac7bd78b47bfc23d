import Autodiff
import Foundation
import LanguageModels
import Layers
import Tensors
import TestSupport
import Testing
import Tokenization

@testable import Training

/// What a run reads: texts of any number and length, and examples.
@Suite struct TrainingDataTests {
  private func data(_ set: (inout TrainingData) -> Void) -> TrainingData {
    var data = TrainingData()
    set(&data)
    return data
  }

  private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  @Test func aLongTextHasTheTokensOfTheWhole() throws {
    // Past 20 MiB the validation part is a mebibyte; special places stand near the ends of pieces.
    var bytes = [0xEF, 0xBB, 0xBF] + patternedText(1_000_000)
    bytes += Array("é\r\n\r\na\r\r\n".utf8)
    while bytes.count < 23 << 20 { bytes += bytes.prefix(2_000_003) }
    try withTemporaryFolder { folder in
      let path = folder + "/long.txt"
      try Data(bytes).write(to: URL(filePath: path))
      let whole = try Corpus(SourceText(bytes, name: path), vocabulary: 256)
      let streamed = try data { $0.texts = [path] }.textCorpus(wholeLength: 1 << 20) { _ in
        ByteTokenizer()
      }
      #expect(streamed.training.tokens == whole.training.tokens)
      #expect(streamed.validation.tokens == whole.validation.tokens)
      #expect(streamed.training.byteCount == whole.training.byteCount)
      #expect(streamed.fingerprint == whole.fingerprint)
      #expect(streamed.training.documents.count == 1)
      #expect(streamed.notices.isEmpty == whole.notices.isEmpty)
    }
  }

  @Test func aFolderIsItsTextFilesInOrder() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder + "/b", withIntermediateDirectories: true)
      let parts = ["a.txt": 9_000, "b/c.md": 8_000, "d.text": 7_000]
      var bytes = 0
      for (name, count) in parts {
        let text = patternedText(count)
        bytes += text.count
        try Data(text).write(to: URL(filePath: "\(folder)/\(name)"))
      }
      try write("not one", folder + "/z.json")
      try write("hidden", folder + "/.e.txt")
      let tokenizer = try ExampleEncoderTests.tokenizer()
      let corpus = try data { $0.texts = [folder] }.corpus(tokenizer: tokenizer)
      let end = try #require(tokenizer.namedTokens.eos)
      // Each text ends with the end token; the last one does in the validation part.
      #expect(corpus.training.tokens.count { $0 == end } == 2)
      #expect(corpus.validation.tokens.count { $0 == end } == 1)
      #expect(corpus.training.documents.count == 3)
      #expect(corpus.training.byteCount + corpus.validation.byteCount == bytes)
      let listed = try data {
        $0.texts = ["a.txt", "b/c.md", "d.text"].map { "\(folder)/\($0)" }
      }.corpus(tokenizer: tokenizer)
      #expect(listed.training.tokens == corpus.training.tokens)
      let error = #expect(throws: InputError.self) {
        try data {
          $0.texts = [folder + "/b"]; $0.validation = folder + "/none"
        }
        .corpus(tokenizer: tokenizer)
      }
      #expect(error?.description.contains("There is no text file") == true)
    }
  }

  @Test func whatIsMeasuredOnIsTheFileThatIsGiven() throws {
    try withTemporaryFolder { folder in
      try write("train on this\n", folder + "/a.txt")
      try write("measure\n", folder + "/b.txt")
      let corpus = try data {
        $0.texts = [folder + "/a.txt"]; $0.validation = folder + "/b.txt"
      }
      .corpus(vocabulary: 256)
      #expect(corpus.tokenizer.decode(corpus.training.tokens) == "train on this\n")
      #expect(corpus.tokenizer.decode(corpus.validation.tokens) == "measure\n")
    }
  }

  @Test func examplesInATextAreNoticed() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.txt"
      try write(String(repeating: "{\"text\": \"words of it\"}\n", count: 100), path)
      let corpus = try data { $0.texts = [path] }.corpus(vocabulary: 256)
      #expect(corpus.notices.count == 1 && corpus.notices[0].contains("Give it with --data"))
    }
  }

  private func examples(_ count: Int) -> String {
    (0..<count).map { "{\"prompt\": \"number \($0): \", \"completion\": \"\($0 * 7)\"}\n" }.joined()
  }

  @Test func examplesAreSplitEvenlyAndCounted() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.jsonl"
      try write(examples(100), path)
      let corpus = try data { $0.examples = [path] }.corpus(vocabulary: 256)
      #expect(corpus.packing == .separate)
      #expect(corpus.training.documents.count == 95 && corpus.validation.documents.count == 5)
      let kept = corpus.validation.documents.map {
        corpus.tokenizer.decode(Array(corpus.validation.tokens[$0]))
      }
      #expect(kept == [10, 30, 50, 70, 90].map { "number \($0): \($0 * 7)" })
      let statistics = try #require(corpus.statistics(sequence: 12))
      #expect(statistics.examples == 95 && statistics.validationExamples == 5)
      let texts = (0..<100).filter { $0 % 20 != 10 }
      func tokens(_ number: Int) -> Int { "number \(number): \(number * 7)".count }
      #expect(statistics.tokens == texts.reduce(0) { $0 + tokens($1) })
      #expect(statistics.learntTokens == texts.reduce(0) { $0 + "\($1 * 7)".count })
      #expect(statistics.longest == "number 99: 693".count)
      #expect(statistics.truncated == texts.count { tokens($0) > 13 } && statistics.truncated > 0)
      // "number 10: " is 11 tokens, of which 13 leave two.
      #expect(statistics.leftOut == 0)
      #expect(try #require(corpus.statistics(sequence: 9)).leftOut > 0)
      let sample = corpus.samplePrompts(3).map(\.text)
      #expect(sample == ["number 10: ", "number 30: ", "number 70: "])
    }
  }

  @Test func aStepOfExamplesLearnsTheirCompletionsOnly() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.jsonl"
      try write(examples(60), path)
      let corpus = try data { $0.examples = [path] }.corpus(vocabulary: 256)
      let configuration = try tinyConfiguration(.full, steps: 4)
      let trainer = try LanguageModelTrainer(configuration, corpus: corpus)
      let losses = trainer.task.losses(of: 0, isMerge: false).map { $0().scalar }
      var sampler = try BatchSampler(
        corpus.training, packing: .separate, batchSize: 4, sequence: 16, seed: 1)
      let batch = sampler.batch(step: 0)
      // Word for word: the mean over the numbers behind the prompts, each example by itself.
      var (sum, count) = (0.0, 0)
      for row in 0..<4 {
        for place in 0..<batch.labels.shape[1] where batch.labels[row, place] != -100 {
          let start = Int(batch.documents?.starts[row, place] ?? 0)
          let logits = trainer.model.logits(
            batch.inputs.sliced(row..<row + 1).sliced(start..<place + 1, alongAxis: 1).contiguous()
          ).tensor
          let last = logits.element(at: 0).element(at: place - start).scalars.map(Double.init)
          let largest = last.max()!
          let logsum = largest + log(last.reduce(0) { $0 + exp($1 - largest) })
          sum += logsum - last[Int(batch.labels[row, place])]
          count += 1
        }
      }
      #expect(count > 4)
      #expect(abs(losses[0] - sum / Double(count)) < 1e-5 * losses[0])
    }
  }

  @Test(arguments: [Packing.separate, .none, .joined])
  func aRunOnExamplesGoesOnBitForBit(_ packing: Packing) async throws {
    let folder = try makeTemporaryFolder()
    defer { removeTemporaryFolder(folder) }
    let path = folder + "/a.jsonl"
    try write(examples(60), path)
    let data = data {
      $0.examples = [path]; $0.packing = packing
    }
    let configuration = try tinyConfiguration(.loqt, steps: 12)
    func trainer() throws -> LanguageModelTrainer {
      try LanguageModelTrainer(configuration, corpus: data.corpus(vocabulary: 256))
    }
    let whole = try trainer()
    let record = try await finished(whole)
    let cut = try trainer()
    for try await event in cut {
      if case .step(let progress) = event, progress.step == 7 { break }
    }
    try Checkpoint(cut).write(to: folder + "/checkpoint")
    let saved = try RunSettings(checkpoint: folder + "/checkpoint")
    #expect(saved.data == data)
    let again = try #require(saved.data).corpus(tokenizer: ByteTokenizer())
    let resumed = try LanguageModelTrainer(resuming: folder + "/checkpoint", corpus: again)
    let on = try await finished(resumed)
    #expect(on.steps.map(\.loss) == record.steps.map(\.loss))
    #expect(on.validationLoss == record.validationLoss)
    for (a, b) in zip(whole.model.parameters, resumed.model.parameters) {
      #expect(a.tensor == b.tensor)
    }
    // As many tokens, other words.
    try write(examples(60).replacing("number", with: "nomber"), path)
    let other = try data.corpus(vocabulary: 256)
    let error = #expect(throws: InputError.self) {
      try LanguageModelTrainer(resuming: folder + "/checkpoint", corpus: other)
    }
    #expect(error?.description.contains("another text") == true)
  }

  @Test func whatContradictsItselfIsRefused() throws {
    for (set, sentence) in [
      ({ _ in }, "nothing to learn"),
      (
        {
          $0.texts = ["a"]; $0.examples = ["b"]
        }, "Give one of them"
      ),
      ({ $0.texts = ["-", "-"] }, "can be read once"),
      (
        {
          $0.texts = ["a"]; $0.chatTemplate = "x"
        }, "There is no template x. Give one of chatml"
      ),
    ] as [((inout TrainingData) -> Void, String)] {
      let error = #expect(throws: InputError.self) { try data(set).check() }
      #expect(error?.description.contains(sentence) == true)
    }
    let error = #expect(throws: InputError.self) {
      try data { $0.examples = ["a"] }.corpus(vocabulary: 300)
    }
    #expect(error?.description.contains("--vocabulary 256") == true)
  }
}
