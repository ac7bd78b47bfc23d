import Autodiff
import Layers
import LoQT
import Optimizers
import Stepping
import TestSupport
import Tensors
import Testing

/// A step over parts of a batch is the step over the whole, whatever parts have labels.
@Suite struct MicroBatchTests {
  /// Eight rows of which three, four, or five of the first parts are left out.
  static let labels: [[Int32]] = [
    [1, -100, -100, -100, 0, 2, 1, 0], [-100, -100, -100, -100, 0, 2, 1, 0],
    [0, 1, 2, 0, -100, -100, -100, -100], [0, 1, 2, 2, 1, 0, 1, 2],
  ]

  private struct Outcome {
    var report: StepReport
    var weights: [Tensor<Float>]
  }

  private func step(
    _ labels: [Int32], parts: Int, clipping: Double? = nil, optimizer: any Optimizer
  ) throws -> Outcome {
    let x: Tensor<Float> = gaussian([8, 12], seed: 1)
    let model = SmallModel(LoQTConfiguration(rank: 2))
    let stepper = Stepper(optimizer, training: model, merges: .static(every: 5))
    stepper.clippingNorm = clipping
    stepper.projectionWindow = .exact
    let rows = 8 / parts
    var last: StepReport?
    // The first merges, the second moves the factors.
    for _ in 0..<2 {
      last = try stepper.step(over: (0..<parts).map { $0 * rows..<($0 + 1) * rows }) { rows in
        crossEntropy(model(Variable(x.sliced(rows))), labels: Tensor(Array(labels[rows])))
      }
    }
    return Outcome(report: last!, weights: model.parameters.map(\.tensor))
  }

  @Test(arguments: labels, [nil, 0.05])
  func theStepIsThatOfTheWholeBatch(labels: [Int32], clipping: Double?) throws {
    for parts in [2, 4] {
      func outcome(_ parts: Int) throws -> Outcome {
        try step(
          labels, parts: parts, clipping: clipping,
          optimizer: SGD(learningRate: .constant(0.1), momentum: 0))
      }
      let (whole, split) = (try outcome(1), try outcome(parts))
      #expect(abs(whole.report.loss - split.report.loss) <= 1e-6 * whole.report.loss)
      if clipping != nil {
        let (a, b) = (whole.report.gradientNorm!, split.report.gradientNorm!)
        #expect(abs(a - b) <= 1e-5 * a)
      }
      for (a, b) in zip(whole.weights, split.weights) {
        #expect((a - b).norm() <= 1e-6 * a.norm(), "\(parts) parts")
      }
    }
  }

  @Test(arguments: [1, 2, 4, 8])
  func theLossAndTheStepAreTheFormulas(parts: Int) throws {
    // The mean over five rows, which PyTorch's cross_entropy with ignore_index gives too.
    var source = RandomSource(seed: 1)
    let x = Tensor<Float>.normal([8, 4], using: &source)
    let start = Tensor<Float>.range(from: 0, to: 12).reshaped(to: [3, 4]) * 0.01 + 0.1
    let model = Linear(weight: start)
    let stepper = Stepper(
      SGD(learningRate: .constant(1), momentum: 0), training: model, merges: .never)
    let labels = Self.labels[0]
    let rows = 8 / parts
    let report = try stepper.step(over: (0..<parts).map { $0 * rows..<($0 + 1) * rows }) { rows in
      crossEntropy(model(Variable(x.sliced(rows))), labels: Tensor(Array(labels[rows])))
    }
    #expect(abs(report.loss - 1.0368) < 5e-5)
    #expect(abs(model.weight.tensor[0, 0] + 0.2146) < 5e-5)
  }

  @Test func shorterPartsOfOtherLossesWeighLess() throws {
    let x: Tensor<Float> = gaussian([5, 4], seed: 3)
    let y: Tensor<Float> = gaussian([5, 3], seed: 4)
    func step(_ parts: [Range<Int>], _ loss: (Variable, Tensor<Float>) -> Variable) throws
      -> (Double, Tensor<Float>)
    {
      let model = Linear(weight: gaussian([3, 4], seed: 5))
      let stepper = Stepper(
        SGD(learningRate: .constant(0.5), momentum: 0), training: model, merges: .never)
      let report = try stepper.step(over: parts) {
        loss(model(Variable(x.sliced($0))), y.sliced($0))
      }
      return (report.loss, model.weight.tensor)
    }
    for loss in [
      { meanSquaredError($0, targets: $1) }, { binaryCrossEntropy($0, targets: $1) },
      { klDivergence($0, targets: softmax(Variable($1)).tensor) },
    ] as [(Variable, Tensor<Float>) -> Variable] {
      let (whole, split) = (try step([0..<5], loss), try step([0..<3, 3..<5], loss))
      #expect(abs(whole.0 - split.0) <= 1e-6 * abs(whole.0))
      #expect((whole.1 - split.1).norm() <= 1e-6 * whole.1.norm())
    }
  }

  @Test func partsWithoutAnyLabelGiveALossOfZeroAndNoGradient() throws {
    let before = try step(
      Array(repeating: -100, count: 8), parts: 2,
      optimizer: SGD(learningRate: .constant(0.1), momentum: 0))
    #expect(before.report.loss == 0 && before.report.gradientNorm == 0)
  }
}
