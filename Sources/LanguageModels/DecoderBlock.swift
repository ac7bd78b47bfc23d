public import Autodiff
public import Layers

/// One block of a `Decoder`: attention and feed-forward, each added to its input.
public struct DecoderBlock: TransformerBlock {
  /// The norm before the attention.
  public let attentionNorm: RMSNorm
  /// The attention.
  public let attention: CausalSelfAttention
  /// The norm of what the attention adds; nil for none.
  public let attentionOutputNorm: RMSNorm?
  /// The norm before the feed-forward.
  public let feedForwardNorm: RMSNorm
  /// The feed-forward.
  public let feedForward: GatedFeedForward
  /// The norm of what the feed-forward adds; nil for none.
  public let feedForwardOutputNorm: RMSNorm?

  init(
    _ configuration: DecoderConfiguration, _ kind: DecoderConfiguration.BlockKind,
    angles: RotaryAngles, initializer: Initializer, using linear: LayerBuilder
  ) {
    attentionNorm = configuration.norm()
    attention = linear.within("self_attn") {
      CausalSelfAttention(
        hiddenSize: configuration.hiddenSize, heads: configuration.heads,
        keyHeads: configuration.keyHeads, headSize: configuration.headSize,
        angles: kind.isRotated ? angles : nil, options: configuration.attentionOptions(kind),
        initializer: initializer, using: linear)
    }
    attentionOutputNorm = configuration.normalizesOutputs ? configuration.norm() : nil
    feedForwardNorm = configuration.norm()
    feedForward = linear.within("mlp") {
      GatedFeedForward(
        hiddenSize: configuration.hiddenSize, intermediateSize: configuration.intermediateSize,
        activation: configuration.activation, bias: configuration.hasFeedForwardBias,
        initializer: initializer, using: linear)
    }
    feedForwardOutputNorm = configuration.normalizesOutputs ? configuration.norm() : nil
  }

  /// The parts under Hugging Face's names.
  public var members: [ModuleMember] {
    let start = [
      ModuleMember("input_layernorm", attentionNorm), ModuleMember("self_attn", attention),
    ]
    guard let attentionOutputNorm, let feedForwardOutputNorm else {
      return start + [
        ModuleMember("post_attention_layernorm", feedForwardNorm), ModuleMember("mlp", feedForward),
      ]
    }
    return start + [
      ModuleMember("post_attention_layernorm", attentionOutputNorm),
      ModuleMember("pre_feedforward_layernorm", feedForwardNorm),
      ModuleMember("mlp", feedForward),
      ModuleMember("post_feedforward_layernorm", feedForwardOutputNorm),
    ]
  }

  /// x `[batch, tokens, hidden]` to the same shape.
  public func callAsFunction(_ x: Variable) -> Variable {
    adding(to: x) { attention($0) }
  }

  /// x `[batch, tokens, hidden]` of the tokens that follow those in `cache`, to the same shape,
  /// without a gradient.
  public func callAsFunction(_ x: Variable, cache: inout KeyValueCache) -> Variable {
    withoutGradient { adding(to: x) { attention($0, cache: &cache) } }
  }

  private func adding(to x: Variable, _ attention: (Variable) -> Variable) -> Variable {
    let y = x + normalized(attention(attentionNorm(x)), attentionOutputNorm)
    return y + normalized(feedForward(feedForwardNorm(y)), feedForwardOutputNorm)
  }

  private func normalized(_ x: Variable, _ norm: RMSNorm?) -> Variable { norm?(x) ?? x }
}

extension DecoderConfiguration {
  /// A new norm of hidden states.
  func norm() -> RMSNorm { RMSNorm(hiddenSize, epsilon: rmsNormEpsilon, offset: normOffset) }

  fileprivate func attentionOptions(_ kind: BlockKind) -> CausalSelfAttention.Options {
    var options = CausalSelfAttention.Options()
    options.bias = hasAttentionBias
    options.outputBias = hasOutputBias
    options.window = kind.isWindowed ? window : nil
    options.scores = scores
    options.normalizesHeads = normalizesHeads
    options.normEpsilon = rmsNormEpsilon
    options.normOffset = normOffset
    return options
  }
}
