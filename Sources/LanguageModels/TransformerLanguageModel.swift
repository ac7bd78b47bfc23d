public import Autodiff
public import Layers
public import Tensors

/// A block of causal self-attention and a feed-forward, each added to its input.
public protocol TransformerBlock: Module {
  /// The attention.
  var attention: CausalSelfAttention { get }

  /// x `[batch, tokens, hidden]` to the same shape.
  func callAsFunction(_ x: Variable) -> Variable

  /// x `[batch, tokens, hidden]` of the tokens that follow those in `cache`, to the same shape,
  /// without a gradient.
  func callAsFunction(_ x: Variable, cache: inout KeyValueCache) -> Variable
}

/// A language model made of an embedding, a stack of transformer blocks and a norm.
///
/// A model provides the embedding of tokens and the norm; hidden states with and without caches, and
/// the recomputation of blocks, follow from these.
public protocol TransformerLanguageModel: LanguageModel where Block: TransformerBlock {
  /// The type of the norm before the head.
  associatedtype Norm: Layer

  /// The norm before the head.
  var norm: Norm { get }

  /// The first block's input `[batch, tokens, hidden]` for tokens `[batch, tokens]`.
  ///
  /// - Parameters:
  ///   - tokens: The ids.
  ///   - positions: `[batch, tokens]`; 0, 1, 2, ... in each row when nil. Only models with learned
  ///     positions use them: rotary attention takes its positions from the cache.
  func embed(_ tokens: Tensor<Int32>, at positions: Tensor<Int32>?) -> Variable
}

extension TransformerLanguageModel {
  /// The head's input `[batch, tokens, hidden]` for tokens `[batch, tokens]`. Traps on a token outside
  /// the vocabulary and on more tokens than `maxPositions`.
  public func hiddenStates(_ tokens: Tensor<Int32>) -> Variable {
    precondition(
      tokens.rank == 2 && tokens.shape[1] <= configuration.maxPositions,
      """
      \(Self.self): tokens \(tokens.shape) are not [batch, at most \(configuration.maxPositions)]: the \
      \(configuration.modelType) was made for no longer sequence
      """)
    var x = embed(tokens, at: nil)
    for block in blocks {
      let input = x
      x = recomputesBlocks ? checkpointed { block(input) } : block(input)
    }
    return norm(x)
  }

  /// `hiddenStates` of the tokens `[batch, tokens]` that follow those in `caches`, one per block as made
  /// by `makeCaches`, without a gradient. Traps on a token outside the vocabulary and when the caches are
  /// full.
  public func hiddenStates(_ tokens: Tensor<Int32>, caches: inout [KeyValueCache]) -> Variable {
    precondition(
      tokens.rank == 2 && caches.count == blocks.count,
      "\(Self.self): tokens \(tokens.shape), \(caches.count) caches for \(blocks.count) blocks")
    return withoutGradient {
      var x = embed(tokens, at: caches.first?.positions(of: tokens.shape[1]))
      for (index, block) in blocks.enumerated() { x = block(x, cache: &caches[index]) }
      return norm(x)
    }
  }

  /// Empty caches for a text of up to `capacity` tokens per element of `padding`, the number of unused
  /// positions before each text that make texts of different lengths end together.
  public func makeCaches(capacity: Int, padding: [Int] = [0]) -> [KeyValueCache] {
    precondition(
      capacity <= configuration.maxPositions,
      "\(Self.self): \(capacity) places are more than \(configuration.maxPositions)")
    return blocks.map { block in
      KeyValueCache(
        capacity: capacity, padding: padding, keyHeads: block.attention.keyHeads,
        headSize: block.attention.headSize)
    }
  }
}
