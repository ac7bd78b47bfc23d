import Autodiff
import Layers
import TestSupport
import Tensors
import Testing

@Suite struct KeyValueCacheTests {
  private let layer = CausalSelfAttention(
    hiddenSize: 8, heads: 4, keyHeads: 2, angles: RotaryAngles(positions: 12, headSize: 4),
    using: .dense(seed: 3))

  private func cache(padding: [Int] = [0]) -> KeyValueCache {
    KeyValueCache(capacity: 12, padding: padding, keyHeads: 2, headSize: 4)
  }

  @Test(
    "Tokens in pieces of any size give the same as all at once",
    arguments: [
      [12], [1, 11], [11, 1], [5, 1, 1, 5], Array(repeating: 1, count: 12),
    ])
  func pieces(_ pieces: [Int]) {
    let x = normal([2, 12, 8], seed: 1)
    let whole = layer(Variable(x)).tensor
    var cache = cache(padding: [0, 0])
    var start = 0
    for size in pieces {
      let part = layer(
        Variable(x.sliced(start..<start + size, alongAxis: 1)), cache: &cache
      ).tensor
      // Products of other sizes may sum in a different order.
      let expected = whole.sliced(start..<start + size, alongAxis: 1).copied()
      #expect(relativeError(part, expected) <= 1e-6)
      start += size
    }
    #expect(cache.count == 12)
  }

  @Test("Padding in front does not affect a sequence")
  func padding() {
    let x = normal([2, 10, 8], seed: 1)
    var cache = cache(padding: [0, 3])
    let first = layer(Variable(x.sliced(0..<8, alongAxis: 1)), cache: &cache).tensor
    let second = layer(Variable(x.sliced(8..<10, alongAxis: 1)), cache: &cache).tensor
    let both = Tensor.concatenated([first, second], alongAxis: 1)
    for (row, padding) in [0, 3].enumerated() {
      let alone = x.sliced(row..<row + 1).sliced(padding..<10, alongAxis: 1)
      let actual = both.sliced(row..<row + 1).sliced(padding..<10, alongAxis: 1).copied()
      #expect(relativeError(actual, layer(Variable(alone)).tensor) <= 1e-6)
    }
  }

  @Test("A copy of a cache is independent")
  func copies() {
    let x = normal([1, 4, 8], seed: 1)
    var one = cache()
    _ = layer(Variable(x), cache: &one)
    var two = one
    let next = Variable(normal([1, 1, 8], seed: 2))
    let expected = layer(next, cache: &one).tensor
    _ = layer(Variable(normal([1, 1, 8], seed: 3)), cache: &one)
    #expect(layer(next, cache: &two).tensor == expected)
    #expect((one.count, two.count) == (6, 5))
  }

  @Test("More tokens than there is room for trap")
  func traps() async {
    await #expect(processExitsWith: .failure) {
      let layer = CausalSelfAttention(
        hiddenSize: 4, heads: 1, keyHeads: 1, angles: RotaryAngles(positions: 12, headSize: 4),
        using: .dense(seed: 3))
      var cache = KeyValueCache(capacity: 3, keyHeads: 1, headSize: 4)
      _ = layer(Variable(.ones([1, 4, 4])), cache: &cache)
    }
  }
}
