internal import CKernels
package import Tensors

extension AdamWStep {
  /// Changes `p` and its moments in 8-bit blocks, all of the gradient's shape, in place and in one
  /// pass over memory: a block is read, updated in float and written back as codes. `p` moves by
  /// the moments before they are quantised again.
  package func update(
    _ p: inout Tensor<Float>, _ gradient: Tensor<some GradientScalar>, _ m: inout Int8BlockTensor,
    _ v: inout Int8BlockTensor
  ) {
    update(&p, gradient, &m, &v, draws: nil)
  }

  /// The same for a parameter in bfloat16: the step is taken in float; each element is then rounded
  /// stochastically, so that its expected value is what the step gave.
  package func update(
    _ p: inout Tensor<BFloat16>, _ gradient: Tensor<some GradientScalar>,
    _ m: inout Int8BlockTensor, _ v: inout Int8BlockTensor, rounding source: inout RandomSource
  ) {
    update(&p, gradient, &m, &v, draws: source.drawsForRounding(p.elementCount))
  }

  private func update<Scalar, Gradient: GradientScalar>(
    _ p: inout Tensor<Scalar>, _ gradient: Tensor<Gradient>, _ m: inout Int8BlockTensor,
    _ v: inout Int8BlockTensor, draws: loqt_draws?
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
              withKernelArguments(draws, from: i) { numbers, draws in
                loqt_adamw8(
                  p + i, g + i, Gradient.self == BFloat16.self, mCodes + i, mScales + b, mMap,
                  vCodes + i, vScales + b, vMap, elements.count, blockSize, numbers, draws)
              }
            }
          }
        }
      }
    }
  }
}
