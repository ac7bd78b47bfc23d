public import LanguageModels
internal import Autodiff
internal import Tensors

extension LanguageModel {
  /// The negative log-likelihood of a text in overlapping windows, each token predicted once, the first
  /// only behind tokens that every window begins with: by the first window that reaches it, and so from
  /// at least `sequence` - `stride` tokens before it where there are as many.
  ///
  /// Traps unless `stride` is of `1...sequence`.
  ///
  /// - Parameters:
  ///   - stream: The text.
  ///   - sequence: Tokens of a window.
  ///   - stride: Tokens from one window to the next.
  /// - Returns: The sum in nats, how many tokens were predicted, and the bytes that they stand for.
  public func slidingLoss(of stream: TokenStream, sequence: Int, stride: Int)
    -> (sum: Double, count: Int, bytes: Double)
  {
    precondition((1...sequence).contains(stride), "slidingLoss: stride \(stride) of \(sequence)")
    let length = stream.pieceLength(sequence: sequence)
    precondition(length > 0, "slidingLoss: \(sequence) tokens have no room behind the start tokens")
    let end = stream.tokens.count
    var (sum, count, start) = (0.0, 0, 0)
    var next = stream.predicted(in: 0..<end).lowerBound
    withoutGradient {
      while next < end {
        // The last window ends with the text, and keeps its length.
        let last = min(start + length, end)
        let window = Batch(stream, rows: [[max(0, last - length)..<last]])
        let places = window.labels.shape[1]
        let known = places - (last - next)
        let labels = Array(repeating: -100, count: known) + window.labels.scalars.dropFirst(known)
        let mean = loss(
          tokens: window.inputs, labels: Tensor(labels, shape: window.labels.shape))
        sum += mean.scalar * Double(last - next)
        count += last - next
        next = last
        start += stride
      }
    }
    return (sum, count, Double(stream.byteCount - stream.firstByteCount))
  }
}
