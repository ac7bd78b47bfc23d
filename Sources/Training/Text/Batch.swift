public import Tensors

/// Windows of a text to be learnt at once.
public struct Batch: Sendable {
  /// Ids `[windows, sequence]`.
  public let inputs: Tensor<Int32>
  /// The id that follows each of them, `[windows, sequence]`.
  public let labels: Tensor<Int32>

  /// The windows of `length` tokens that begin at `starts`. Traps where one, or the token behind
  /// it, is beyond the end.
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

  /// As many batches of equally many windows, in order. Traps when the windows do not divide so.
  func split(into parts: Int) -> [Batch] {
    guard parts > 1 else { return [self] }
    return zip(inputs.split(into: parts), labels.split(into: parts)).map {
      Batch(inputs: $0.contiguous(), labels: $1.contiguous())
    }
  }
}

/// Training batches: in each epoch all windows that do not overlap, in random order, from a random
/// start. Which windows a step gets depends on the seed and the step alone, so a run can be resumed
/// anywhere.
public struct BatchSampler: Sendable {
  /// Windows a batch.
  public let batchSize: Int
  /// Tokens a window.
  public let sequence: Int
  /// Windows an epoch.
  public let windowCount: Int

  private let tokens: [Int32]
  private let random: RandomSource
  private var epoch: (number: Int, starts: [Int])?

  /// A sampler. Throws when the text does not fill one batch.
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
    // One window fewer than fit leaves room for the random start of the epoch.
    windowCount = max(batchSize, (available - 1) / sequence - 1)
  }

  /// The batch of a step, from 0.
  ///
  /// - Parameters:
  ///   - step: Which batch.
  ///   - size: Windows, where they are not as many as in other batches.
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

/// Windows to measure on, one behind the other, so that every token but the first is predicted once.
public struct EvaluationWindows: Sendable {
  /// Batches of windows.
  public let batches: [Batch]
  /// Bytes of text that are predicted: exact for all windows together, else in proportion.
  public let byteCount: Double

  /// All windows of a text, a shorter last one included.
  public static func all(of stream: TokenStream, sequence: Int, batchSize: Int) -> Self {
    let tokens = stream.tokens
    let whole = max(0, (tokens.count - 1) / sequence)
    var batches = Self.batches(
      tokens, starts: (0..<whole).map { $0 * sequence }, sequence: sequence, batchSize: batchSize)
    let rest = tokens.count - 1 - whole * sequence
    if rest > 0 { batches.append(Batch(tokens, starts: [whole * sequence], length: rest)) }
    return Self(batches: batches, byteCount: Double(stream.byteCount - stream.firstByteCount))
  }

  /// At most `count` whole windows spread evenly over a text: the same ones for every run on it.
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

  /// Windows of all batches.
  public var windowCount: Int { batches.reduce(0) { $0 + $1.inputs.shape[0] } }
}
