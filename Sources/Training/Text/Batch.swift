public import Tensors

/// Windows of a text for one step.
public struct Batch: Sendable {
  /// Ids `[windows, sequence]`.
  public let inputs: Tensor<Int32>
  /// The id that follows each input, `[windows, sequence]`.
  public let labels: Tensor<Int32>

  /// The windows of `length` tokens at `starts`. Traps if a window, or the token after it, is beyond the
  /// end.
  init(_ tokens: [Int32], starts: [Int], length: Int) {
    var inputs: [Int32] = []
    var labels: [Int32] = []
    inputs.reserveCapacity(starts.count * length)
    labels.reserveCapacity(starts.count * length)
    for start in starts {
      inputs += tokens[start..<start + length]
      labels += tokens[start + 1..<start + length + 1]
    }
    self.inputs = Tensor(inputs, shape: [starts.count, length])
    self.labels = Tensor(labels, shape: [starts.count, length])
  }

  /// Tokens that are predicted.
  public var tokenCount: Int { labels.elementCount }

  private init(inputs: Tensor<Int32>, labels: Tensor<Int32>) {
    self.inputs = inputs
    self.labels = labels
  }

  /// The windows in order in the given number of equal batches. Traps if they do not divide evenly.
  func split(into parts: Int) -> [Batch] {
    guard parts > 1 else { return [self] }
    return zip(inputs.split(into: parts), labels.split(into: parts)).map {
      Batch(inputs: $0.contiguous(), labels: $1.contiguous())
    }
  }
}

/// Draws training batches: each epoch covers the text once with adjacent windows from a random offset,
/// in random order. A step's windows depend only on the seed and the step, so a run can be resumed
/// anywhere.
public struct BatchSampler: Sendable {
  /// Windows per batch.
  public let batchSize: Int
  /// Tokens per window.
  public let sequence: Int
  /// Windows per epoch.
  public let windowCount: Int

  private let tokens: [Int32]
  private let random: RandomSource
  private var epoch: (number: Int, starts: [Int])?

  /// A sampler. Throws if the text does not fill one batch.
  public init(_ stream: TokenStream, batchSize: Int, sequence: Int, seed: UInt64)
    throws(InputError)
  {
    let available = stream.tokens.count
    let (needed, overflow) = batchSize.multipliedReportingOverflow(by: sequence)
    guard !overflow, available > needed else {
      throw InputError(
        "The text has \(available) tokens to train on, fewer than one batch of \(batchSize) x "
          + "\(sequence) needs. Give a longer text, or a smaller --batch or --sequence.")
    }
    self.batchSize = batchSize
    self.sequence = sequence
    tokens = stream.tokens
    random = RandomSource(seed: seed).split("batches")
    // One window fewer than fits leaves room for the random offset of the epoch.
    windowCount = max(batchSize, (available - 1) / sequence - 1)
  }

  /// The batch of a step, from 0.
  ///
  /// - Parameters:
  ///   - step: The step, from 0.
  ///   - size: Windows of this batch; `batchSize` when left out.
  public mutating func batch(step: Int, size: Int? = nil) -> Batch {
    let first = step * batchSize
    let starts = (first..<first + (size ?? batchSize)).map { start(ofWindow: $0) }
    return Batch(tokens, starts: starts, length: sequence)
  }

  private mutating func start(ofWindow index: Int) -> Int {
    let (number, position) = index.quotientAndRemainder(dividingBy: windowCount)
    if let epoch, epoch.number == number { return epoch.starts[position] }
    var source = random.split(UInt64(number))
    let shift = Int.random(in: 0..<(tokens.count - windowCount * sequence), using: &source)
    let starts = (0..<windowCount).map { shift + $0 * sequence }.shuffled(using: &source)
    epoch = (number, starts)
    return starts[position]
  }
}

/// Windows to evaluate on. Each starts where the last ends, so every token but the first is predicted
/// once.
public struct EvaluationWindows: Sendable {
  /// Batches of windows.
  public let batches: [Batch]
  /// Bytes of the predicted text: exact for `all`, in proportion to the tokens for `spread`.
  public let byteCount: Double

  /// All windows of a text, including a shorter last one.
  public static func all(of stream: TokenStream, sequence: Int, batchSize: Int) -> Self {
    let tokens = stream.tokens
    let whole = max(0, (tokens.count - 1) / sequence)
    var batches = Self.batches(
      tokens, starts: (0..<whole).map { $0 * sequence }, sequence: sequence, batchSize: batchSize)
    let rest = tokens.count - 1 - whole * sequence
    if rest > 0 { batches.append(Batch(tokens, starts: [whole * sequence], length: rest)) }
    return Self(batches: batches, byteCount: Double(stream.byteCount - stream.firstByteCount))
  }

  /// At most `count` whole windows spread evenly over a text, the same for every run.
  public static func spread(
    _ count: Int, over stream: TokenStream, sequence: Int, batchSize: Int
  ) -> Self {
    let whole = max(0, (stream.tokens.count - 1) / sequence)
    let taken = min(count, whole)
    let starts = (0..<taken).map { $0 * whole / taken * sequence }
    return Self(
      batches: Self.batches(
        stream.tokens, starts: starts, sequence: sequence, batchSize: batchSize),
      byteCount: Double(taken * sequence) * stream.bytesPerToken)
  }

  private static func batches(
    _ tokens: [Int32], starts: [Int], sequence: Int, batchSize: Int
  ) -> [Batch] {
    stride(from: 0, to: starts.count, by: batchSize).map { first in
      Batch(
        tokens, starts: Array(starts[first..<min(first + batchSize, starts.count)]),
        length: sequence)
    }
  }

  /// Tokens that are predicted.
  public var tokenCount: Int { batches.reduce(0) { $0 + $1.tokenCount } }

  /// The number of windows.
  public var windowCount: Int { batches.reduce(0) { $0 + $1.inputs.shape[0] } }
}
