package import Tensors

/// The keys and values of the tokens that an attention layer has processed, so that a text can grow
/// token by token without recomputing them.
///
/// The sequences of a batch are aligned at their ends; shorter ones are padded in front.
public struct KeyValueCache: Sendable {
  /// The number of tokens in the cache, including padding, which is also the index of the next token.
  public private(set) var count = 0
  /// The most tokens that the cache can hold.
  public private(set) var capacity: Int
  /// The number of padding positions in front of each sequence.
  public let padding: [Int]
  private var keys: Tensor<Float>
  private var values: Tensor<Float>

  /// An empty cache for up to `capacity` tokens of one sequence per element of `padding`, the number of
  /// padding positions in front of it.
  public init(capacity: Int, padding: [Int] = [0], keyHeads: Int, headSize: Int) {
    precondition(
      padding.allSatisfy { (0...capacity).contains($0) },
      "KeyValueCache: padding \(padding) is not within \(capacity) places")
    self.capacity = capacity
    self.padding = padding
    keys = .zeros([padding.count, capacity, keyHeads, headSize])
    values = keys
  }

  /// Bytes held.
  public var byteCount: Int { keys.byteCount + values.byteCount }

  /// Makes room for at least `capacity` tokens in all.
  public mutating func reserveCapacity(_ capacity: Int) {
    guard capacity > self.capacity else { return }
    func grown(_ old: Tensor<Float>) -> Tensor<Float> {
      var new = Tensor<Float>.zeros([old.shape[0], capacity, old.shape[2], old.shape[3]])
      new[.all, 0..<count] = old.sliced(0..<count, alongAxis: 1)
      return new
    }
    keys = grown(keys)
    values = grown(values)
    self.capacity = capacity
  }

  /// Removes all tokens but the first `count`. Traps if there are fewer.
  public mutating func truncate(to count: Int) {
    precondition(
      (0...self.count).contains(count), "KeyValueCache: \(self.count) tokens have no first \(count)"
    )
    self.count = count
  }

  /// The cache indices of the next `tokens` tokens, `[tokens]`. They serve as positions where only
  /// distances matter, as padding shifts all tokens of a sequence alike.
  func places(of tokens: Int) -> Tensor<Int32> {
    Tensor((count..<count + tokens).map(Int32.init))
  }

  /// The positions `[batch, tokens]` of the next `tokens` tokens in their own sequences, counted from 0
  /// after the padding; 0 for padding itself.
  package func positions(of tokens: Int) -> Tensor<Int32> {
    Tensor(
      padding.flatMap { first in (count..<count + tokens).map { Int32(max(0, $0 - first)) } },
      shape: [padding.count, tokens])
  }

  /// The mask of the tokens added last: each attends to all tokens before it, or to the last `window`.
  func mask(window: Int?) -> AttentionMask {
    if padding.allSatisfy({ $0 == 0 }) { return AttentionMask(isCausal: true, window: window) }
    let visible = padding.flatMap { first in (0..<count).map { UInt8($0 >= first ? 1 : 0) } }
    return AttentionMask(
      isCausal: true, visibleKeys: Tensor(visible, shape: [padding.count, count]), window: window)
  }

  /// Adds the keys and values `[batch, tokens, keyHeads, headSize]` of the next tokens, and returns those
  /// of all. Traps if the cache is full.
  mutating func append(keys newKeys: Tensor<Float>, values newValues: Tensor<Float>)
    -> (keys: Tensor<Float>, values: Tensor<Float>)
  {
    let end = count + newKeys.shape[1]
    precondition(
      end <= capacity && newKeys.shape[0] == padding.count,
      "KeyValueCache: keys \(newKeys.shape) after \(count) of \(capacity) places")
    keys[.all, count..<end] = newKeys
    values[.all, count..<end] = newValues
    count = end
    return (keys.sliced(0..<end, alongAxis: 1), values.sliced(0..<end, alongAxis: 1))
  }
}
