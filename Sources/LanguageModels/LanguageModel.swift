public import Autodiff
public import Layers
internal import JSON
public import Tensors

/// A model that predicts each token of a text from those before it.
///
/// A model provides its embedding, its blocks, its head and the hidden states of tokens; logits, losses
/// and generation follow from these.
public protocol LanguageModel: TextModel {
  /// The type of its configuration.
  associatedtype Configuration: LanguageModelConfiguration
  /// The type of its blocks.
  associatedtype Block: Module

  /// The sizes and constants.
  var configuration: Configuration { get }
  /// The blocks, first to last.
  var blocks: [Block] { get }
  /// The head `[vocabulary, hidden]`; nil when it is tied to the embedding.
  var head: Linear? { get }

  /// The soft cap c of the logits, c tanh(l / c); nil for none.
  var logitCap: Double? { get }

  /// The head's input `[batch, tokens, hidden]` for tokens `[batch, tokens]`. Traps on a token outside
  /// the vocabulary and on more tokens than the model has positions for.
  func hiddenStates(_ tokens: Tensor<Int32>) -> Variable

  /// `hiddenStates` of tokens that stand in documents, each token seeing those of its own alone; nil
  /// where each row is one. A model that leaves this out computes one document after the other.
  func hiddenStates(_ tokens: Tensor<Int32>, documents: PackedDocuments?) -> Variable

  /// Empty caches for texts of up to `capacity` tokens, as many as `padding` has numbers: those of
  /// places in front of each that hold no token, so that texts of several lengths end together. None for
  /// a model that keeps nothing, which then computes all positions for every token it generates.
  func makeCaches(capacity: Int, padding: [Int]) -> [KeyValueCache]

  /// `hiddenStates` of the tokens `[batch, tokens]` that follow those in `caches`, without a gradient.
  func hiddenStates(_ tokens: Tensor<Int32>, caches: inout [KeyValueCache]) -> Variable
}

/// The sizes and constants of a language model.
public protocol LanguageModelConfiguration: TextModelConfiguration {
  /// A model with initial values drawn from the builder's random numbers, or read by it.
  func makeModel(using linear: LayerBuilder) -> any LanguageModel
}

extension LanguageModelConfiguration {
  /// The language model.
  public func makeTextModel(using linear: LayerBuilder) -> any TextModel {
    makeModel(using: linear)
  }

  /// By the vector of the last token, which has seen all others.
  public var classification: ClassifierLayout {
    var name = json["architectures"]?.arrayValue?.first?.stringValue ?? modelType
    for ending in ["ForCausalLM", "LMHeadModel"] where name.hasSuffix(ending) {
      name.removeLast(ending.count)
    }
    return ClassifierLayout(
      architecture: name + "ForSequenceClassification", bodyName: "", classifier: "score")
  }
}

extension LanguageModel {
  /// Those of the tokens alone: padding at the end of a text is seen by no token of it.
  public func hiddenStates(_ texts: TextBatch) -> Variable { hiddenStates(texts.tokens) }

  /// The head `[vocabulary, hidden]`, the embedding when it has none of its own.
  public var headWeight: Variable { Variable(head?.weight ?? embedding.weight) }

  /// No cap.
  public var logitCap: Double? { nil }

  /// No caches.
  public func makeCaches(capacity: Int, padding: [Int]) -> [KeyValueCache] { [] }

  /// Those of each document by itself.
  public func hiddenStates(_ tokens: Tensor<Int32>, documents: PackedDocuments?) -> Variable {
    guard let documents else { return hiddenStates(tokens) }
    let rows = documents.pieces.enumerated().map { index, pieces in
      let row = tokens.sliced(index..<index + 1)
      return Variable.concatenated(
        pieces.map { hiddenStates(row.sliced($0, alongAxis: 1).contiguous()) }, alongAxis: 1)
    }
    return .concatenated(rows)
  }

  /// Those of the tokens alone.
  public func hiddenStates(_ tokens: Tensor<Int32>, caches: inout [KeyValueCache]) -> Variable {
    withoutGradient { hiddenStates(tokens) }
  }

  /// For each token the logits of the one that follows: `[batch, tokens]` to
  /// `[batch, tokens, vocabulary]`. Traps on a token outside the vocabulary and on more tokens than
  /// the model has positions for. Each token sees those of its own document, which is its whole row
  /// where `documents` is left out.
  public func logits(_ tokens: Tensor<Int32>, documents: PackedDocuments? = nil) -> Variable {
    logits(of: hiddenStates(tokens, documents: documents))
  }

  /// The logits `[..., vocabulary]` of hidden states `[..., hidden]`.
  public func logits(of states: Variable) -> Variable {
    let logits = linear(states, headWeight)
    return logitCap.map { cap in tanh(logits / cap) * cap } ?? logits
  }

  /// The mean negative log-likelihood in nats of `labels` `[batch, tokens]`, where a label is the
  /// token that follows the one at its place (so labels are tokens moved by one already), or -100 to
  /// leave the place out. Never holds the logits of the whole batch. Traps on shapes that differ and
  /// on tokens or labels outside the vocabulary. Each token sees those of its own document, which is
  /// its whole row where `documents` is left out.
  public func loss(
    tokens: Tensor<Int32>, labels: Tensor<Int32>, documents: PackedDocuments? = nil
  ) -> Variable {
    precondition(
      tokens.shape == labels.shape,
      "\(Self.self).loss: tokens \(tokens.shape) and labels \(labels.shape) differ")
    return linearCrossEntropy(
      hiddenStates(tokens, documents: documents), headWeight, labels: labels, cap: logitCap)
  }
}
