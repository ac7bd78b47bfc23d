internal import CKernels
public import Tensors

extension FourBitTensor {
  /// `self + scale * a b`, quantised again tile by tile: a tile is high enough to keep the packing
  /// of b cheap and as wide as fits 4 MiB for all threads. Nil if blocks straddle rows.
  public func _addingProduct(
    _ a: Tensor<Float>, _ b: Tensor<Float>, scale: Float
  ) -> (any QuantizedTensor)? {
    let (out, length, rank) = (shape[0], shape[1], a.shape[1])
    guard length % blockSize == 0, out > 0, length > 0, rank > 0 else { return nil }
    var codes = Tensor<UInt8>(unsafeUninitializedShape: [dividedUp(out * length, by: 2)]) { _ in }
    var absmax = Tensor<Float>(unsafeUninitializedShape: [out * length / blockSize]) { _ in }
    let height = min(out, 1024)
    let unit = max(64, blockSize)
    let width = max(1, (1 << 20) / Threads.count / height / unit) * unit
    a.withPointer { a in
      b.withPointer { b in
        codes.withMutablePointer { codes in
          absmax.withMutablePointer { absmax in
            // Small products are not worth a second thread.
            let grain = out * length * rank < 1 << 19 ? length : 1
            parallelFor(dividedUp(length, by: unit), grain: grain) { part in
              let columns = part.lowerBound * unit..<min(length, part.upperBound * unit)
              var tile = Tensor<Float>(
                unsafeUninitializedShape: [height * min(width, columns.count)]) { _ in }
              tile.withMutablePointer { tile in
                for first in stride(from: columns.lowerBound, to: columns.upperBound, by: width) {
                  let columns = first..<min(columns.upperBound, first + width)
                  for top in stride(from: 0, to: out, by: height) {
                    let rows = top..<min(out, top + height)
                    _dequantizePanel(rows: rows, columns: columns, into: tile)
                    gemm(
                      false, false, rows.count, columns.count, rank, scale, a + top * rank, rank,
                      b + first, length, 1, tile, columns.count)
                    for row in rows {
                      let start = row * length + first
                      quantizeBlocks(
                        Codebook.self, tile + (row - top) * columns.count, nil, columns.count,
                        blockSize, codes + start / 2, absmax + start / blockSize)
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    let isDouble = if case .doubleQuantized = scales { true } else { false }
    return FourBitTensor(
      shape: shape, blockSize: blockSize, codes: codes,
      scales: isDouble ? quantizingScales(absmax) : .float32(absmax))
  }
}
