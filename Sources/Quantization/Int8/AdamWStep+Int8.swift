internal import CKernels
package import Tensors

extension AdamWStep {
  /// Changes `p` and its moments in 8-bit blocks, all of the gradient's shape, in place and in one
  /// pass over memory: a block is read, updated in float and written again as codes. `p` moves by
  /// the moments as they are before they become codes again.
  package func update(
    _ p: inout Tensor<Float>, _ gradient: Tensor<Float>, _ m: inout Int8BlockTensor,
    _ v: inout Int8BlockTensor
  ) {
    precondition(
      p.shape == gradient.shape && m.shape == p.shape && v.shape == p.shape
        && m.blockSize == v.blockSize,
      "AdamW: gradient \(gradient.shape) and states \(m.shape), \(v.shape) do not fit \(p.shape)")
    let (count, blockSize) = (p.elementCount, m.blockSize)
    let (mMap, vMap) = (m.map.kernelMap, v.map.kernelMap)
    gradient.withPointer { g in
      p.withMutablePointer { p in
        m.withMutablePointers { mCodes, mScales in
          v.withMutablePointers { vCodes, vScales in
            Int8BlockTensor.forEachBlock(of: count, blockSize) { blocks, elements in
              let (b, i) = (blocks.lowerBound, elements.lowerBound)
              loqt_adamw8_f32(
                p + i, g + i, mCodes + i, mScales + b, mMap, vCodes + i, vScales + b, vMap,
                elements.count, blockSize, learningRate, beta1, beta2, epsilon, weightDecay,
                Int64(step), gradientScale)
            }
          }
        }
      }
    }
  }
}
