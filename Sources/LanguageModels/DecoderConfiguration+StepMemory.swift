extension DecoderConfiguration {
  /// When a training step consumes gradients.
  public enum GradientUse: Sendable {
    /// Each parameter is updated the moment its gradient is complete.
    case streamed
    /// All gradients are held until the backward pass is over, as clipping by their norm and
    /// accumulation require.
    case collected
  }

  /// The peak bytes of tensors in a full-rank training step, beyond the parameters, the optimizer's
  /// state and the batch.
  ///
  /// With T tokens in the batch, h hidden, q = heads · headSize, k = keyHeads · headSize,
  /// f intermediate, v vocabulary and L blocks, a block keeps for the backward pass, in elements,
  ///
  ///     A = T (2 h + 2 q + 2 k + 2 f + heads + 2):
  ///
  /// the inputs of its norms, the rotated queries and keys, the values, the attention's output, gate and
  /// up; one number per query and head and one per row and norm. The norms' outputs and silu(gate) · up
  /// are recomputed when needed. Recomputed blocks keep only their inputs, A' = T h. The peak is the
  /// largest of
  ///
  /// - the head, forward: L A + 3 T h + v h + the block of logits (at most 32 MiB): its input before
  ///   and after the norm, and both its gradients;
  /// - block i, in its down projection: (i - 1) A' + A + T h + 2 T f + h f: the incoming gradient,
  ///   silu(gate) · up with its gradient, and the matrix's gradient;
  /// - block i, in its attention: (i - 1) A' + T (2 h + 4 q + 4 k + heads) - T q, once its feed-forward
  ///   part is freed;
  /// - the embedding: v h + T h;
  ///
  /// each plus the gradients held until then: when streamed none, except that of the shared matrix when
  /// the head is tied.
  ///
  /// - Parameters:
  ///   - batch: Sequences.
  ///   - tokens: Tokens per sequence.
  ///   - gradients: When the step consumes gradients.
  ///   - recomputesBlocks: As `Decoder.recomputesBlocks`.
  public func stepPeakByteCount(
    batch: Int, tokens: Int, gradients: GradientUse = .streamed, recomputesBlocks: Bool = false
  ) -> Int {
    let (h, f, v) = (hiddenSize, intermediateSize, vocabularySize)
    let (q, k) = (heads * headSize, keyHeads * headSize)
    let t = batch * tokens
    let block = t * activations.kept
    let kept = recomputesBlocks ? t * h : block
    let logits = logitElementCount(tokens: t)
    let isCollected = gradients == .collected

    var peak = layers * kept + t * (3 * h + 1) + v * h + logits
    // Elements of the gradients held.
    var held = tiesEmbeddings || isCollected ? v * h : 0
    if isCollected { held += h }
    for index in (0..<layers).reversed() {
      let before = index * kept
      peak = max(peak, before + held + block + t * activations.backward + h * f)
      if isCollected { held += 3 * h * f + h }
      // The attention's part of the block, with the incoming gradient.
      let attention = t * (2 * h + q + 2 * k + heads + 1)
      peak = max(peak, before + held + attention + 2 * t * q + h * q)
      if isCollected { held += h * q }
      peak = max(peak, before + held + attention + 2 * t * q + 2 * t * k)
      if isCollected { held += h * (q + 2 * k) + h }
    }
    peak = max(peak, held + v * h + t * h)
    return 4 * peak
  }
}
