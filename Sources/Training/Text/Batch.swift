public import Layers
public import Tensors

/// Windows of a text for one step.
public struct Batch: Sendable {
  /// Ids `[windows, tokens]`.
  public let inputs: Tensor<Int32>
  /// The id that follows each of them, `[windows, tokens]`; -100 where it does not count.
  public let labels: Tensor<Int32>
  /// Which tokens belong together, where windows hold several texts that are kept apart.
  public let documents: PackedDocuments?

  /// Windows of pieces of a stream, filled up to the longest of them. Traps where a piece is beyond the
  /// end.
  init(_ stream: TokenStream, rows: [[Range<Int>]]) {
    let lengths = rows.map { $0.map(stream.places) }
    let length = lengths.map { $0.reduce(0, +) }.max() ?? 0
    var inputs: [Int32] = []
    var labels: [Int32] = []
    inputs.reserveCapacity(rows.count * length)
    labels.reserveCapacity(rows.count * length)
    for (index, row) in rows.enumerated() {
      for piece in row {
        let start = stream.start(of: piece)
        inputs += start
        inputs += stream.tokens[piece.dropLast()]
        labels += repeatElement(-100, count: max(0, start.count - 1))
        let predicted = stream.predicted(in: piece)
        if let marks = stream.isLearnt {
          labels += predicted.map { marks[$0] ? stream.tokens[$0] : -100 }
        } else {
          labels += stream.tokens[predicted]
        }
      }
      let left = (index + 1) * length - inputs.count
      inputs += repeatElement(0, count: left)
      labels += repeatElement(-100, count: left)
    }
    self.inputs = Tensor(inputs, shape: [rows.count, length])
    self.labels = Tensor(labels, shape: [rows.count, length])
    documents =
      rows.allSatisfy { $0.count == 1 }
      ? nil : PackedDocuments(lengths: lengths, tokens: length)
  }

  /// Tokens that are predicted.
  public var tokenCount: Int {
    labels.withUnsafeBuffer { labels in labels.reduce(0) { $0 + ($1 == -100 ? 0 : 1) } }
  }

  private init(inputs: Tensor<Int32>, labels: Tensor<Int32>, documents: PackedDocuments?) {
    self.inputs = inputs
    self.labels = labels
    self.documents = documents
  }

  /// The windows in order in the given number of equal batches. Traps if they do not divide evenly.
  func split(into parts: Int) -> [Batch] {
    guard parts > 1 else { return [self] }
    let documents: [PackedDocuments?] =
      documents.map { whole in
        whole.starts.split(into: parts).map { PackedDocuments(starts: $0.contiguous()) }
      } ?? Array(repeating: nil, count: parts)
    return zip(zip(inputs.split(into: parts), labels.split(into: parts)), documents).map {
      Batch(inputs: $0.0.contiguous(), labels: $0.1.contiguous(), documents: $1)
    }
  }
}
