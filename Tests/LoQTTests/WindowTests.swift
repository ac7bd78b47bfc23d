import Autodiff
import Layers
import LoQT
import Optimizers
import Quantization
import Stepping
import TestSupport
import Tensors
import Testing

/// The gradient that determines a projection when a merge step accumulates micro-batches.
@Suite struct WindowTests {
  static let shapes = [(40, 24), (24, 40), (30, 30)]
  static let rank = 6

  private func makeLayer(
    _ shape: (Int, Int), _ method: TruncationMethod = .exact
  ) -> LoQTLinear {
    LoQTLinear(
      weight: gaussian([shape.0, shape.1], seed: 1),
      configuration: LoQTConfiguration(
        rank: .count(Self.rank), weightFormat: .float32, projectionFormat: .float32,
        projector: GradientProjector(method: method)),
      random: RandomSource(seed: 2))
  }

  /// Inputs with directions of unequal size, so that the leading singular vectors are well separated.
  private func input(_ batch: Int, _ size: Int, tokens: Int = 16) -> Tensor<Float> {
    let sizes = Tensor((0..<size).map { Float(0.8).power($0) })
    return gaussian([tokens, size], seed: 10 + UInt64(batch)) * sizes
  }

  private func loss(_ layer: LoQTLinear, _ batch: Int) -> Variable {
    meanSquaredError(
      layer(Variable(input(batch, layer.inputSize))),
      gaussian([16, layer.outputSize], seed: 20 + UInt64(batch)))
  }

  /// dL/dW of the mean loss of some micro-batches, at the layer's start.
  private func gradient(_ shape: (Int, Int), _ batches: Range<Int>) -> Tensor<Float> {
    let weight = Parameter(gaussian([shape.0, shape.1], seed: 1))
    var sum = Tensor<Float>.zeros(weight.shape)
    for batch in batches {
      let y = linear(Variable(input(batch, shape.1)), Variable(weight))
      let target = gaussian([16, shape.0], seed: 20 + UInt64(batch))
      sum += valueAndGradients(of: meanSquaredError(y, target)).gradients[weight]!
    }
    return sum * (1 / Float(batches.count))
  }

  private func basis(
    _ shape: (Int, Int), _ window: ProjectionWindow, _ method: TruncationMethod = .exact,
    batches: Range<Int> = 0..<4
  ) throws -> Tensor<Float> {
    let layer = makeLayer(shape, method)
    let optimizer = Stepper(
      AdamW(learningRate: .constant(0.01)), training: SingleLayer(layer: layer))
    optimizer.projectionWindow = window
    _ = try optimizer.step(over: batches) { loss(layer, $0) }
    return try #require(layer.basis)
  }

  private func leading(_ gradient: Tensor<Float>) throws -> Tensor<Float> {
    let svd = try SVD(of: gradient)
    let isLeft = gradient.shape[1] <= gradient.shape[0]
    return isLeft
      ? svd.vt.sliced(0..<Self.rank).transposed() : svd.u.sliced(0..<Self.rank, alongAxis: 1)
  }

  /// The energy of the gradient within the basis, relative to the best basis of that rank.
  private func energy(_ gradient: Tensor<Float>, _ basis: Tensor<Float>) throws -> Double {
    func held(_ p: Tensor<Float>) -> Double {
      gradient.shape[1] <= gradient.shape[0]
        ? matmul(gradient, p).sumOfSquares() : matmul(p.transposed(), gradient).sumOfSquares()
    }
    return held(basis) / held(try leading(gradient))
  }

  @Test(arguments: shapes)
  func exactWindowOfMicroBatchesGivesTheProjectionOfOneBigBatch(_ shape: (Int, Int)) throws {
    let layer = makeLayer(shape)
    let optimizer = Stepper(
      AdamW(learningRate: .constant(0.01)), training: SingleLayer(layer: layer))
    _ = try optimizer.step {
      meanSquaredError(
        layer(Variable(.concatenated((0..<4).map { input($0, shape.1) }))),
        .concatenated((0..<4).map { gaussian([16, shape.0], seed: 20 + UInt64($0)) }))
    }
    // Singular vectors in float32, whose values are several tenths apart.
    #expect(relativeError(try basis(shape, .exact), layer.basis!) < 1e-4)
    #expect(try energy(gradient(shape, 0..<4), layer.basis!) > 1 - 1e-6)
  }

  @Test(arguments: shapes)
  func sketchHoldsNearlyAllThatAProjectionCould(_ shape: (Int, Int)) throws {
    for method in [TruncationMethod.automatic, .exact] {
      let held = try energy(gradient(shape, 0..<4), try basis(shape, .sketch, method))
      // Without power iterations and with eight columns more than the rank: .994 to .999 for these
      // spectra, whose values decrease by a fifth each; the last micro-batch alone gives .966 to .983.
      #expect(held > 0.99 && held < 1 + 1e-6, "\(method): \(held)")
    }
  }

  @Test(arguments: shapes)
  func sketchOfALowRankGradientIsExact(_ shape: (Int, Int)) throws {
    // A sum of two gradients of two tokens each has rank 4, within the 6 of the projection.
    let layer = makeLayer(shape, .automatic)
    let optimizer = Stepper(
      AdamW(learningRate: .constant(0.01)), training: SingleLayer(layer: layer))
    let x = gaussian([2, 2, shape.1], seed: 5)
    let target = gaussian([2, 2, shape.0], seed: 6)
    let report = try optimizer.step(over: 0..<2) {
      meanSquaredError(layer(Variable(x.element(at: $0))), target.element(at: $0))
    }
    #expect(report.merge?.layers[0].effectiveRank == 4)
    #expect(orthonormalityError(layer.basis!) < 1e-5)
    let weight = Parameter(gaussian([shape.0, shape.1], seed: 1))
    let all = linear(Variable(x), Variable(weight))
    let g = valueAndGradients(of: meanSquaredError(all, target)).gradients[weight]!
    #expect(try energy(g, layer.basis!) > 1 - 1e-5)
  }

  @Test(arguments: shapes, [ProjectionWindow.exact, .sketch])
  func gradientsThatCancelWithinAWindowLeaveNoTrace(
    _ shape: (Int, Int), _ window: ProjectionWindow
  ) throws {
    let layer = makeLayer(shape)
    let optimizer = Stepper(
      AdamW(learningRate: .constant(0.01)), training: SingleLayer(layer: layer))
    optimizer.projectionWindow = window
    let x = gaussian([4, shape.1], seed: 5)
    let target = gaussian([4, shape.0], seed: 6)
    // A gradient of rank 4 among large ones that cancel.
    _ = try optimizer.step(over: [10, 0, -20, 10]) { factor in
      factor == 0
        ? meanSquaredError(layer(Variable(x)), target) : loss(layer, 0) * Double(factor)
    }
    let weight = Parameter(gaussian([shape.0, shape.1], seed: 1))
    let y = linear(Variable(x), Variable(weight))
    let g = valueAndGradients(of: meanSquaredError(y, target)).gradients[weight]!
    // Only the rounding of the large ones remains.
    #expect(try energy(g, layer.basis!) > 1 - 1e-5)
  }

  @Test(arguments: shapes)
  func lastUsesTheLastMicroBatchAlone(_ shape: (Int, Int)) throws {
    #expect(try basis(shape, .last) == basis(shape, .last, batches: 3..<4))
    #expect(try energy(gradient(shape, 3..<4), try basis(shape, .last)) > 1 - 1e-6)
  }

  @Test(arguments: ProjectionWindow.allCases)
  func aWindowOfOneIsTheSameWhateverTheRule(_ window: ProjectionWindow) throws {
    #expect(try basis((40, 24), window, batches: 0..<1) == basis((40, 24), .exact, batches: 0..<1))
  }

  @Test func accumulatedGradientsAreTheMeanOfTheMicroBatches() throws {
    func train(_ micro: Int) throws -> SmallModel {
      let model = SmallModel(LoQTConfiguration(rank: 4))
      let optimizer = Stepper(
        AdamW(learningRate: .constant(0.01), epsilon: 1e-3), training: model, merges: .never)
      for step in 0..<4 {
        let x = gaussian([32, 12], seed: UInt64(step))
        let t = gaussian([32, 4], seed: 50 + UInt64(step))
        let size = 32 / micro
        let report = try optimizer.step(over: 0..<micro) { index in
          let rows = index * size..<(index + 1) * size
          return meanSquaredError(model(Variable(x.sliced(rows))), t.sliced(rows))
        }
        if micro > 1 {
          #expect(report.collectedGradientBytes == 4 * (20 + 10 + 40 + 4))
        }
      }
      return model
    }
    let (one, four) = (try train(1), try train(4))
    for (a, b) in zip(one.parameters, four.parameters) {
      // Sums in another order; epsilon keeps Adam from dividing rounding by rounding.
      #expect(relativeError(a.tensor, b.tensor) < 1e-5, "\(a.name)")
    }
  }
}

extension Float {
  fileprivate func power(_ exponent: Int) -> Float {
    (0..<exponent).reduce(1) { result, _ in result * self }
  }
}
