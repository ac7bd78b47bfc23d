import Layers
import Tensors
import Testing
import Tokenization

@testable import Training

/// How examples are put into windows.
@Suite struct PackingTests {
  /// Documents of these lengths whose tokens are 0, 1, 2, ... through all of them; the first `asked` of
  /// each are not learnt.
  private func stream(_ lengths: [Int], asked: Int? = nil) -> TokenStream {
    var stream = TokenStream()
    var next: Int32 = 0
    for length in lengths {
      stream.append(
        EncodedExample(
          tokens: Array(next..<next + Int32(length)),
          isLearnt: asked.map { asked in (0..<length).map { $0 >= asked } }), byteCount: length)
      next += Int32(length)
    }
    return stream
  }

  @Test func aWindowHoldsWhatFitsAndEachDocumentOnce() {
    let lengths = (0..<200).map { 2 + $0 * 37 % 61 }
    let rows = Packing.separate.rows(of: stream(lengths), sequence: 64)
    #expect(rows.allSatisfy { $0.reduce(0) { $0 + $1.count - 1 } <= 64 })
    let pieces = rows.flatMap { $0 }.sorted { $0.lowerBound < $1.lowerBound }
    #expect(pieces == stream(lengths).documents)
    // Nearly nothing is left over: no packing has fewer windows than all places need.
    let places = lengths.reduce(0) { $0 + $1 - 1 }
    #expect(rows.count <= (places + 63) / 64 + 1)
  }

  @Test func aLongTextIsCutAndALongExampleCutOff() {
    #expect(Packing.separate.rows(of: stream([20]), sequence: 8) == [[0..<9], [8..<17], [16..<20]])
    #expect(Packing.separate.rows(of: stream([20], asked: 3), sequence: 8) == [[0..<9]])
    #expect(Packing.none.rows(of: stream([20, 3]), sequence: 8) == [[0..<9], [20..<23]])
    // What has nothing to learn in its window, or no token behind the first, is left out.
    #expect(Packing.separate.rows(of: stream([20], asked: 9), sequence: 8).isEmpty)
    #expect(Packing.separate.rows(of: stream([1, 2]), sequence: 8) == [[1..<3]])
  }

  @Test func aBatchHasTheLabelsThatAreLearntAndTheDocumentsOfEachToken() {
    let stream = stream([4, 3, 5], asked: 2)
    let batch = Batch(stream, rows: [[0..<4, 4..<7], [7..<12]])
    #expect(batch.inputs.shape == [2, 5])
    #expect(batch.inputs.scalars == [0, 1, 2, 4, 5, 7, 8, 9, 10, 0])
    #expect(batch.labels.scalars == [-100, 2, 3, -100, 6, -100, 9, 10, 11, -100])
    #expect(batch.documents?.starts.scalars == [0, 0, 0, 3, 3, 0, 0, 0, 0, 4])
    #expect(batch.documents?.positions.scalars == [0, 1, 2, 0, 1, 0, 1, 2, 3, 0])
    #expect(batch.tokenCount == 6)
    let parts = batch.split(into: 2)
    #expect(parts.map(\.tokenCount) == [3, 3])
    #expect(parts[1].documents?.starts.scalars == [0, 0, 0, 0, 4])
    #expect(Batch(stream, rows: [[0..<4], [4..<7]]).documents == nil)
  }

  /// A document of 20 tokens, 0, 1, ..., in a stream whose windows begin with 90, 91.
  private func marked(_ first: [Int32] = []) -> TokenStream {
    var stream = TokenStream(startTokens: [90, 91])
    let tokens = first + Array(0..<Int32(20 - first.count))
    stream.append(EncodedExample(tokens: tokens, isLearnt: nil), byteCount: 20)
    return stream
  }

  @Test func windowsBeginWithTheTokensThatTheModelKnowsBeginningsBy() throws {
    let windows = EvaluationWindows.all(of: marked(), sequence: 8, batchSize: 2)
    #expect(windows.batches.map(\.inputs.shape) == [[2, 8], [1, 7]])
    #expect(windows.batches[0].inputs.element(at: 0).scalars == [90, 91, 0, 1, 2, 3, 4, 5])
    #expect(windows.batches[0].labels.element(at: 0).scalars == [-100, 0, 1, 2, 3, 4, 5, 6])
    #expect(windows.batches[0].inputs.element(at: 1).scalars == [90, 91, 7, 8, 9, 10, 11, 12])
    #expect(windows.batches[1].inputs.scalars == [90, 91, 14, 15, 16, 17, 18])
    #expect(windows.tokenCount == 20)

    // Not twice where the text has them.
    let own = EvaluationWindows.all(of: marked([90, 91]), sequence: 8, batchSize: 2)
    #expect(own.batches[0].inputs.element(at: 0).scalars == [90, 91, 0, 1, 2, 3, 0, 0])
    #expect(
      own.batches[0].labels.element(at: 0).scalars == [91, 0, 1, 2, 3, 4, -100, -100])
    #expect(own.batches[0].inputs.element(at: 1).scalars.prefix(3) == [90, 91, 5])

    #expect(
      Packing.separate.rows(of: marked([90, 91]), sequence: 8) == [[7..<14], [14..<20], [0..<7]])
    #expect(throws: InputError.self) { try marked().checkRoom(sequence: 1) }

    var sampler = try BatchSampler(marked(), batchSize: 1, sequence: 8, seed: 1)
    let batch = sampler.batch(step: 0)
    let first = batch.labels.scalars[1]
    #expect(batch.inputs.scalars == [90, 91] + (first..<first + 6))
    #expect(batch.labels.scalars == [-100] + (first..<first + 7))
  }

  @Test func everyWindowComesOnceAnEpochInAnotherOrderEachTime() throws {
    let stream = stream(Array(repeating: 9, count: 24))
    var sampler = try BatchSampler(
      stream, packing: .separate, batchSize: 4, sequence: 8, seed: 3)
    #expect(sampler.windowCount == 24)
    let epochs = (0..<2).map { epoch in
      (0..<6).flatMap {
        sampler.batch(step: epoch * 6 + $0).inputs.element(at: 0).scalars.prefix(1)
      }
    }
    let all = (0..<2).map { epoch in
      Set(
        (0..<6).flatMap { step in
          let inputs = sampler.batch(step: epoch * 6 + step).inputs
          return (0..<4).map { inputs[$0, 0] }
        })
    }
    #expect(all[0].count == 24 && all[0] == all[1])
    #expect(epochs[0] != epochs[1])
    let error = #expect(throws: InputError.self) {
      try BatchSampler(stream, packing: .separate, batchSize: 25, sequence: 8, seed: 3)
    }
    #expect(error?.description.contains("fills 24 windows of 8 tokens") == true)
  }

  @Test func measuringTakesEveryWindowOnce() {
    let stream = stream([4, 3, 5, 9], asked: 2)
    let all = EvaluationWindows.all(of: stream, packing: .separate, sequence: 8, batchSize: 2)
    #expect(all.tokenCount == 2 + 1 + 3 + 7)
    let some = EvaluationWindows.spread(
      1, over: stream, packing: .none, sequence: 8, batchSize: 2)
    #expect(some.windowCount == 1 && some.tokenCount == 2)
  }
}
