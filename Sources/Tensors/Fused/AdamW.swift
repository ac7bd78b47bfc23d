internal import CKernels

/// The numbers of one AdamW step.
package struct AdamWStep {
  package var learningRate: Double
  package var beta1: Double
  package var beta2: Double
  package var epsilon: Double
  package var weightDecay: Double
  /// Counted from 1.
  package var step: Int
  /// Multiplies the gradient.
  package var gradientScale = 1.0

  package init(
    learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double,
    step: Int, gradientScale: Double = 1
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.step = step
    self.gradientScale = gradientScale
  }

  /// Changes `p`, `m` and `v`, all of the gradient's shape, in place.
  package func update(
    _ p: inout Tensor<Float>, _ gradient: Tensor<Float>, _ m: inout Tensor<Float>,
    _ v: inout Tensor<Float>
  ) {
    precondition(
      p.shape == gradient.shape && m.shape == p.shape && v.shape == p.shape,
      "AdamW: gradient \(gradient.shape) and states \(m.shape), \(v.shape) do not fit \(p.shape)")
    let count = p.elementCount
    gradient.withPointer { g in
      p.withMutablePointer { p in
        m.withMutablePointer { m in
          v.withMutablePointer { v in
            parallelFor(count, grain: elementwiseGrain) { r in
              let i = r.lowerBound
              loqt_adamw_f32(
                p + i, g + i, m + i, v + i, r.count, learningRate, beta1, beta2, epsilon,
                weightDecay, Int64(step), gradientScale)
            }
          }
        }
      }
    }
  }
}
