/// Which keys the queries of an attention see.
///
/// A query that sees no key at all gives zeros, and no gradient.
public struct AttentionMask: Sendable {
  /// Whether a query sees no key behind its own position. With more keys than queries, as behind a
  /// key-value cache, query i stands at position keys - queries + i.
  public var isCausal: Bool
  /// `[batch, keys]`, not 0 where a key may be seen; nil when all may.
  public var visibleKeys: Tensor<UInt8>?
  /// How many keys up to its own position a query of a causal mask sees; nil for all.
  public var window: Int?
  /// `[batch, queries]`: the first key that each query sees, of its own document where several stand
  /// behind one another; nil for the first of all.
  public var firstKeys: Tensor<Int32>?

  /// A mask of these properties. Traps when `visibleKeys` or `firstKeys` is not a matrix, and on a
  /// window that is not positive or not causal.
  ///
  /// - Parameters:
  ///   - isCausal: whether a query sees no key behind its own position.
  ///   - visibleKeys: `[batch, keys]`, as the attention masks of tokenizers are: 1 for a token, 0
  ///     for padding, which may lie on either side.
  ///   - window: how many keys up to its own position a query sees; nil for all.
  ///   - firstKeys: `[batch, queries]`, the first key that each query sees; nil for the first of all.
  public init(
    isCausal: Bool, visibleKeys: Tensor<UInt8>? = nil, window: Int? = nil,
    firstKeys: Tensor<Int32>? = nil
  ) {
    precondition(
      visibleKeys?.rank ?? 2 == 2 && firstKeys?.rank ?? 2 == 2,
      """
      AttentionMask: visible keys \(visibleKeys?.shape ?? []) and first keys \(firstKeys?.shape ?? []) \
      are not [batch, keys] and [batch, queries]
      """)
    precondition(
      window.map { isCausal && $0 > 0 } ?? true,
      "AttentionMask: a window of \(window ?? 0) keys, causal: \(isCausal)")
    self.isCausal = isCausal
    self.visibleKeys = visibleKeys
    self.window = window
    self.firstKeys = firstKeys
  }

  /// Every query sees every key.
  public static var full: AttentionMask { AttentionMask(isCausal: false) }

  /// Each query sees the keys up to its own position.
  public static var causal: AttentionMask { AttentionMask(isCausal: true) }

  /// Sequences of the given lengths, padded at their ends to `keys` positions. Traps on a length
  /// outside 0...keys.
  public static func lengths(_ lengths: [Int], of keys: Int, isCausal: Bool = false)
    -> AttentionMask
  {
    for length in lengths {
      precondition(
        (0...keys).contains(length), "AttentionMask: length \(length) is outside 0...\(keys)")
    }
    let visible = lengths.flatMap { length in (0..<keys).map { UInt8($0 < length ? 1 : 0) } }
    return AttentionMask(
      isCausal: isCausal, visibleKeys: Tensor(visible, shape: [lengths.count, keys]))
  }
}
