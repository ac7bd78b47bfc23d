import Tensors

/// Cuts elements that arrive part by part into whole blocks and a short last one, so that a format
/// that works block by block sees the same however they are cut.
struct BlockCutter {
  private let blockSize: Int
  private let elementCount: Int
  /// The elements of a block whose end has not arrived.
  private var carried: Tensor<Float>
  private var carriedCount = 0
  private var takenCount = 0

  init(elementCount: Int, blockSize: Int) {
    self.elementCount = elementCount
    self.blockSize = blockSize
    carried = Tensor(unsafeUninitializedShape: [blockSize]) { _ in }
  }

  /// Takes the elements that follow and calls `body` with the blocks that are complete. Traps if
  /// there are more elements than there is room for.
  mutating func append(
    _ x: UnsafePointer<Float>, count: Int, _ body: (UnsafePointer<Float>, Int) -> Void
  ) {
    let missing = elementCount - takenCount
    precondition(
      count <= missing, "quantizing: \(count) elements are given where \(missing) are missing")
    takenCount += count
    var x = x
    var count = count
    if carriedCount > 0 {
      let moved = min(count, blockSize - carriedCount)
      carry(x, count: moved)
      x += moved
      count -= moved
      if carriedCount == blockSize { release(body) }
    }
    let whole = count - count % blockSize
    if whole > 0 { body(x, whole) }
    carry(x + whole, count: count - whole)
  }

  /// Hands out the short last block. Traps unless all elements have been appended.
  mutating func finish(_ body: (UnsafePointer<Float>, Int) -> Void) {
    precondition(
      takenCount == elementCount,
      "quantizing: \(takenCount) of \(elementCount) elements are given")
    release(body)
  }

  private mutating func carry(_ x: UnsafePointer<Float>, count: Int) {
    guard count > 0 else { return }
    carried.withMutablePointer { ($0 + carriedCount).update(from: x, count: count) }
    carriedCount += count
  }

  private mutating func release(_ body: (UnsafePointer<Float>, Int) -> Void) {
    guard carriedCount > 0 else { return }
    let count = carriedCount
    carriedCount = 0
    let block = carried
    block.withPointer { body($0, count) }
  }
}
