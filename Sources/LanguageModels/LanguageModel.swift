public import Autodiff
public import Layers
public import Tensors

/// A model that predicts each token of a text from those before it.
///
/// A model provides its embedding, its blocks, its head and the hidden states of tokens; logits, losses
/// and generation follow from these.
public protocol LanguageModel: Module {
  /// The type of its configuration.
  associatedtype Configuration: ModelConfiguration
  /// The type of its blocks.
  associatedtype Block: Module

  /// The sizes and constants.
  var configuration: Configuration { get }
  /// The vectors of the tokens, `[vocabulary, hidden]`.
  var embedding: Embedding { get }
  /// The blocks, first to last.
  var blocks: [Block] { get }
  /// The head `[vocabulary, hidden]`; nil when it is tied to the embedding.
  var head: Linear? { get }
  /// Whether training keeps only each block's input and recomputes the block in the backward pass.
  var recomputesBlocks: Bool { get set }

  /// The soft cap c of the logits, c tanh(l / c); nil for none.
  var logitCap: Double? { get }

  /// The head's input `[batch, tokens, hidden]` for tokens `[batch, tokens]`. Traps on a token outside
  /// the vocabulary and on more tokens than the model has positions for.
  func hiddenStates(_ tokens: Tensor<Int32>) -> Variable

  /// Empty caches for a text of up to `capacity` tokens per element of `padding`, the number of unused
  /// positions before each text that make texts of different lengths end together. Empty for a model
  /// without caches, which recomputes all positions for every generated token.
  func makeCaches(capacity: Int, padding: [Int]) -> [KeyValueCache]

  /// `hiddenStates` of the tokens `[batch, tokens]` that follow those in `caches`, without a gradient.
  func hiddenStates(_ tokens: Tensor<Int32>, caches: inout [KeyValueCache]) -> Variable
}

extension LanguageModel {
  /// The head's weight `[vocabulary, hidden]`, which is the embedding's when tied.
  public var headWeight: Variable { Variable(head?.weight ?? embedding.weight) }

  /// No cap.
  public var logitCap: Double? { nil }

  /// No caches.
  public func makeCaches(capacity: Int, padding: [Int]) -> [KeyValueCache] { [] }

  /// The hidden states of the tokens alone, without caches.
  public func hiddenStates(_ tokens: Tensor<Int32>, caches: inout [KeyValueCache]) -> Variable {
    withoutGradient { hiddenStates(tokens) }
  }

  /// The logits `[batch, tokens, vocabulary]` of the token after each of `[batch, tokens]`. Traps on a
  /// token outside the vocabulary and on more tokens than the model has positions for.
  public func logits(_ tokens: Tensor<Int32>) -> Variable {
    logits(of: hiddenStates(tokens))
  }

  /// The logits `[..., vocabulary]` of hidden states `[..., hidden]`.
  public func logits(of states: Variable) -> Variable {
    let logits = linear(states, headWeight)
    return logitCap.map { cap in tanh(logits / cap) * cap } ?? logits
  }

  /// The mean negative log-likelihood in nats of `labels` `[batch, tokens]`. A label is the token that
  /// follows at its position (labels are already shifted by one), or -100 to ignore the position. Never
  /// holds the logits of the whole batch. Traps on shapes that differ and on tokens or labels outside
  /// the vocabulary.
  public func loss(tokens: Tensor<Int32>, labels: Tensor<Int32>) -> Variable {
    precondition(
      tokens.shape == labels.shape,
      "\(Self.self).loss: tokens \(tokens.shape) and labels \(labels.shape) differ")
    return linearCrossEntropy(hiddenStates(tokens), headWeight, labels: labels, cap: logitCap)
  }
}
