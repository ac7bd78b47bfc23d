package import CKernels

/// A scalar type that the gradient in a step may have.
package protocol GradientScalar: TensorScalar {}
extension Float: GradientScalar {}
extension BFloat16: GradientScalar {}

/// The hyperparameters of one AdamW step.
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

  /// The same numbers as the kernels take them.
  package var numbers: loqt_adamw_numbers {
    loqt_adamw_numbers(
      learning_rate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
      decay: weightDecay, step: Int64(step), gradient_scale: gradientScale)
  }

  /// Changes `p`, `m` and `v`, all of the gradient's shape, in place.
  package func update(
    _ p: inout Tensor<Float>, _ gradient: Tensor<some GradientScalar>, _ m: inout Tensor<Float>,
    _ v: inout Tensor<Float>
  ) {
    update(&p, gradient, &m, &v, draws: nil)
  }

  /// Changes `p`, `m` and `v`, all of the gradient's shape, in place. The step is taken in float;
  /// each element of `p` is then rounded stochastically, so that its expected value is what the
  /// step gave.
  package func update(
    _ p: inout Tensor<BFloat16>, _ gradient: Tensor<some GradientScalar>,
    _ m: inout Tensor<Float>, _ v: inout Tensor<Float>, rounding source: inout RandomSource
  ) {
    update(&p, gradient, &m, &v, draws: source.drawsForRounding(p.elementCount))
  }

  private func update<Scalar, Gradient: GradientScalar>(
    _ p: inout Tensor<Scalar>, _ gradient: Tensor<Gradient>, _ m: inout Tensor<Float>,
    _ v: inout Tensor<Float>, draws: loqt_draws?
  ) {
    precondition(
      p.shape == gradient.shape && m.shape == p.shape && v.shape == p.shape,
      "AdamW: gradient \(gradient.shape) and states \(m.shape), \(v.shape) do not fit \(p.shape)")
    let (count, chunk) = (p.elementCount, Int(LOQT_ADAMW8_BLOCK))
    gradient.withPointer { g in
      p.withMutablePointer { p in
        m.withMutablePointer { m in
          v.withMutablePointer { v in
            parallelFor((count + chunk - 1) / chunk, grain: elementwiseGrain / chunk) { chunks in
              let i = chunks.lowerBound * chunk
              let n = min(count, chunks.upperBound * chunk) - i
              withKernelArguments(draws, from: i) { numbers, draws in
                loqt_adamw(
                  p + i, g + i, Gradient.self == BFloat16.self, m + i, v + i, n, numbers, draws)
              }
            }
          }
        }
      }
    }
  }

  /// Calls `body` with the numbers, and with the draws for the elements from `element` on, a
  /// multiple of eight.
  package func withKernelArguments(
    _ draws: loqt_draws?, from element: Int,
    _ body: (UnsafePointer<loqt_adamw_numbers>, UnsafePointer<loqt_draws>?) -> Void
  ) {
    withUnsafePointer(to: numbers) { numbers in
      guard var draws else { return body(numbers, nil) }
      draws.counter &+= UInt64(element / RandomSource.roundingsPerBlock)
      withUnsafePointer(to: draws) { body(numbers, $0) }
    }
  }
}
