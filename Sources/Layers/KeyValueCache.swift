package import Tensors

/// The keys and values of the tokens that an attention layer has seen, so that a text grows token by
/// token without computing them again.
///
/// Sequences of a batch stand with their ends at the same place: shorter ones are padded in front.
public struct KeyValueCache: Sendable {
  /// How many tokens, padding included, are in the cache; the next one stands at this place.
  public private(set) var count = 0
  /// How many there can be.
  public private(set) var capacity: Int
  /// Places of padding in front of each sequence.
  public let padding: [Int]
  private var keys: Tensor<Float>
  private var values: Tensor<Float>

  /// An empty cache for up to `capacity` tokens of as many sequences as `padding` has numbers: those
  /// of places in front of each that hold no token.
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

  /// Makes room for `capacity` tokens in all, where there is less.
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

  /// Forgets all tokens but the first `count`. Traps when there are fewer.
  public mutating func truncate(to count: Int) {
    precondition(
      (0...self.count).contains(count), "KeyValueCache: \(self.count) tokens have no first \(count)"
    )
    self.count = count
  }

  /// The places of the next `tokens` tokens, `[tokens]`. They serve as positions where only distances
  /// count, padding or not.
  func places(of tokens: Int) -> Tensor<Int32> {
    Tensor((count..<count + tokens).map(Int32.init))
  }

  /// The positions `[batch, tokens]` of the next `tokens` tokens in their own sequences, where those are
  /// counted from 0 behind the padding; 0 for padding itself.
  package func positions(of tokens: Int) -> Tensor<Int32> {
    Tensor(
      padding.flatMap { first in (count..<count + tokens).map { Int32(max(0, $0 - first)) } },
      shape: [padding.count, tokens])
  }

  /// What the tokens added last may see: all before them, or the last `window`.
  func mask(window: Int?) -> AttentionMask {
    if padding.allSatisfy({ $0 == 0 }) { return AttentionMask(isCausal: true, window: window) }
    let visible = padding.flatMap { first in (0..<count).map { UInt8($0 >= first ? 1 : 0) } }
    return AttentionMask(
      isCausal: true, visibleKeys: Tensor(visible, shape: [padding.count, count]), window: window)
  }

  /// Adds the keys and values `[batch, tokens, keyHeads, headSize]` of the next tokens, and gives back
  /// those of all. Traps when there is no room.
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
