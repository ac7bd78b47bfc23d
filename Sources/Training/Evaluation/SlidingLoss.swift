public import LanguageModels
internal import Autodiff
internal import Tensors

extension LanguageModel {
  /// The negative log-likelihood of a text in overlapping windows, each token but the first predicted once:
  /// by the first window that reaches it, and so from at least `sequence` - `stride` tokens before it
  /// where there are as many.
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
    let tokens = stream.tokens
    let last = tokens.count - 1
    guard last > 0 else { return (0, 0, 0) }
    var (sum, predicted, start) = (0.0, 0, 0)
    withoutGradient {
      while predicted < last {
        // The last window ends with the text, and keeps its length.
        let end = min(start + sequence, last)
        let first = max(0, end - sequence)
        let labels = (first..<end).map { $0 < predicted ? -100 : tokens[$0 + 1] }
        let shape: Shape = [1, end - first]
        let mean = loss(
          tokens: Tensor(Array(tokens[first..<end]), shape: shape),
          labels: Tensor(labels, shape: shape))
        sum += mean.scalar * Double(end - predicted)
        predicted = end
        start += stride
      }
    }
    return (sum, last, Double(stream.byteCount - stream.firstByteCount))
  }
}
