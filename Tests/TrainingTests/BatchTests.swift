import Tensors
import TestSupport
import Testing
import Tokenization
import Training

@Suite struct BatchTests {
  /// Ids equal to their positions.
  private func stream(_ count: Int) -> TokenStream {
    TokenStream(patternedText(count).prefix(count).map { $0 }, tokenizer: ByteTokenizer())
  }

  private func sampler(_ stream: TokenStream, batch: Int = 3, sequence: Int = 8, seed: UInt64 = 5)
    throws -> BatchSampler
  {
    try BatchSampler(stream, batchSize: batch, sequence: sequence, seed: seed)
  }

  @Test func aBatchFollowsFromSeedAndStepAlone() throws {
    let text = stream(1_000)
    var forward = try sampler(text)
    var backward = try sampler(text)
    let steps = Array(0..<120)
    let first = steps.map { forward.batch(step: $0).inputs.scalars }
    let second = steps.reversed().map { backward.batch(step: $0).inputs.scalars }
    #expect(first == second.reversed())
    var other = try sampler(text, seed: 6)
    #expect(first != steps.map { other.batch(step: $0).inputs.scalars })
  }

  @Test func labelsAreTheTokensThatFollow() throws {
    let text = stream(500)
    var sampler = try sampler(text)
    for step in 0..<60 {
      let batch = sampler.batch(step: step)
      for row in 0..<3 {
        let inputs = batch.inputs.sliced(row..<row + 1).scalars
        let labels = batch.labels.sliced(row..<row + 1).scalars
        #expect(Array(inputs.dropFirst()) == Array(labels.dropLast()))
        let window = inputs + labels.suffix(1)
        #expect((0...(500 - 9)).contains { Array(text.tokens[$0..<$0 + 9]) == window })
      }
    }
  }

  @Test func anEpochHasEveryWindowOnce() throws {
    // All tokens differ, so a window's first token gives its position.
    let bytes = (0..<200).map { UInt8($0) }
    var sampler = try sampler(TokenStream(bytes, tokenizer: ByteTokenizer()), batch: 1)
    #expect(sampler.windowCount == 23)
    for epoch in 0..<4 {
      let starts = (0..<23).map {
        Int(sampler.batch(step: epoch * 23 + $0).inputs.scalars[0])
      }
      let sorted = starts.sorted()
      #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $1 - $0 == 8 })
      #expect(starts != sorted)
    }
  }

  @Test func theShortestTextFillsOneBatch() throws {
    var sampler = try sampler(stream(25))
    #expect(sampler.batch(step: 7).inputs.shape == [3, 8])
    let error = #expect(throws: InputError.self) { try self.sampler(stream(24)) }
    #expect(error?.description.contains("24 tokens") == true)
    #expect(throws: InputError.self) { try self.sampler(stream(0)) }
    #expect(throws: InputError.self) {
      try self.sampler(stream(100), batch: .max, sequence: 2)
    }
  }

  @Test(arguments: [2, 8, 9, 10, 17, 100, 101])
  func evaluationPredictsEveryTokenButTheFirstOnce(_ count: Int) {
    let text = stream(count)
    let windows = EvaluationWindows.all(of: text, sequence: 8, batchSize: 3)
    let labels = windows.batches.flatMap { $0.labels.scalars }
    #expect(labels == Array(text.tokens.dropFirst()))
    #expect(windows.tokenCount == count - 1)
    #expect(windows.byteCount == Double(count - 1))
  }

  @Test func someWindowsAreSpreadOverTheText() {
    let text = stream(801)
    let windows = EvaluationWindows.spread(10, over: text, sequence: 8, batchSize: 4)
    #expect(windows.batches.map(\.inputs.shape) == [[4, 8], [4, 8], [2, 8]])
    #expect(windows.batches[0].inputs.sliced(1..<2).scalars == Array(text.tokens[80..<88]))
    #expect(
      EvaluationWindows.spread(10, over: stream(20), sequence: 8, batchSize: 4).windowCount == 2)
    #expect(
      EvaluationWindows.spread(10, over: stream(3), sequence: 8, batchSize: 4).tokenCount == 0)
  }
}
