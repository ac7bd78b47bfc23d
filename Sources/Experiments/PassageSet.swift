internal import Tensors
internal import Tokenization
internal import Training

/// Passages to be classified: the lines of a labelled text, or passages of any text, whose class is the
/// part of the text that they are from.
///
/// Every fifth passage is kept for testing. In a text without labels its neighbours are trained on, so
/// the test measures how well the subjects and voices of the parts are distinguished, not how that
/// generalises to other texts.
struct PassageSet: Sendable {
  /// The parts of a text without labels.
  static let parts = 8
  /// The tokens of a passage in a text without labels, and the most tokens of a labelled line.
  static let length = 64

  private let passages: [(tokens: ArraySlice<Int32>, label: Int)]
  /// The number of classes.
  let classes: Int
  /// The passages to train on and those to test on.
  let training: [Int], test: [Int]

  /// The lines of the labelled text, or passages of the text itself if there is none. Tests on at most
  /// `limit` evenly chosen tokens, or on all test passages. Throws if the text has too few passages.
  init(_ text: ExperimentText, testing limit: Int?) throws(InputError) {
    if let labelled = text.labelled {
      self.init(
        labelled.examples.map { line in
          (text.corpus.tokenizer.encode(bytes: line.text).prefix(Self.length), line.label)
        }, classes: labelled.labels.count, testing: limit)
    } else {
      try self.init(text.corpus.training, testing: limit)
    }
  }

  /// Cuts the text into passages and into parts of equal length.
  init(_ stream: TokenStream, testing limit: Int?) throws(InputError) {
    let count = stream.tokens.count / Self.length
    guard count >= 10 * Self.parts else {
      throw InputError("The text is too short to be classified by parts. Give a longer one.")
    }
    self.init(
      (0..<count).map { index in
        (
          stream.tokens[index * Self.length..<(index + 1) * Self.length],
          index * Self.parts / count
        )
      }, classes: Self.parts, testing: limit)
  }

  private init(
    _ passages: [(tokens: ArraySlice<Int32>, label: Int)], classes: Int, testing limit: Int?
  ) {
    self.passages = passages
    self.classes = classes
    training = passages.indices.filter { $0 % 5 != 4 }
    let kept = passages.indices.filter { $0 % 5 == 4 }
    let tested = min(kept.count, max(1, (limit ?? .max) / Self.length))
    test = (0..<tested).map { kept[(2 * $0 + 1) * kept.count / (2 * tested)] }
  }

  /// The share of the test passages in the most frequent class.
  var mostFrequentShare: Double {
    let counts = Dictionary(test.map { (passages[$0].label, 1) }, uniquingKeysWith: +)
    return Double(counts.values.max() ?? 0) / Double(max(1, test.count))
  }

  /// Passages as input of a model.
  struct Batch {
    /// `[passages, tokens]`; shorter passages are padded at their end.
    var tokens: Tensor<Int32>
    /// `[passages, tokens, 1]`, for the mean over the tokens of each passage.
    var weights: Tensor<Float>
    /// The classes, `[passages]`.
    var labels: Tensor<Int32>
  }

  /// A batch of passages by their indices.
  func batch(_ chosen: some Collection<Int>) -> Batch {
    let longest = chosen.map { passages[$0].tokens.count }.max() ?? 0
    var (tokens, weights): ([Int32], [Float]) = ([], [])
    for index in chosen {
      let own = passages[index].tokens
      let filling = longest - own.count
      tokens += own + Array(repeating: 0, count: filling)
      weights += Array(repeating: 1 / Float(own.count), count: own.count)
      weights += Array(repeating: 0, count: filling)
    }
    return Batch(
      tokens: Tensor(tokens, shape: [chosen.count, longest]),
      weights: Tensor(weights, shape: [chosen.count, longest, 1]),
      labels: Tensor(chosen.map { Int32(passages[$0].label) }, shape: [chosen.count]))
  }
}
