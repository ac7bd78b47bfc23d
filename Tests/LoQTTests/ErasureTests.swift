import LoQT
import Optimizers
import Quantization
import TestSupport
import Tensors
import Testing

/// The share of a small update that survives requantisation, against a PyTorch prototype: W is 256 x 512,
/// [512, 256] as stored, r = 64, on the left side.
@Suite struct ErasureTests {
  static let (out, input, rank) = (512, 256, 64)
  static let scale: Float = 0.5

  /// A layer's state with its basis.
  struct State {
    let basis: Tensor<Float>
    let p: Tensor<Float>
    let effective: Tensor<Float>

    init(of weight: Tensor<Float>, basis: Tensor<Float>, steps: Int) {
      let made = Initialization(
        of: weight, basis: basis, side: .left, scale: scale, weightFormat: .nf4(),
        projectionFormat: .nf4(), steps: steps)
      self.basis = basis
      p = made.projection.dequantized()
      var sum = made.weight.dequantized()
      sum.addProduct(made.factor, p, scale: scale)
      effective = sum
    }
  }

  /// The state before the updates, and the bases of the merges: half shared and unrelated.
  let weight = gaussian([out, input], seed: 1)
  let half: Tensor<Float>
  let unrelated: Tensor<Float>
  let first: Tensor<Float>

  init() throws {
    first = try orthonormal(Self.input, Self.rank, seed: 2)
    let kept = first.sliced(0..<Self.rank / 2, alongAxis: 1)
    half = try qr(
      .concatenated([kept, gaussian([Self.input, Self.rank / 2], seed: 3)], alongAxis: 1)
    ).q
    unrelated = try orthonormal(Self.input, Self.rank, seed: 4)
  }

  /// <E_new - E_old, D> / ‖D‖² of a random update D = s P B with ‖D‖ = `size` ‖W‖.
  private func survival(_ size: Double, from start: State, into basis: Tensor<Float>, steps: Int)
    -> Double
  {
    var update = matmul(gaussian([Self.out, Self.rank], seed: 5), start.p)
    update *= Float(size * weight.norm() / update.norm())
    let next = State(of: start.effective + update, basis: basis, steps: steps)
    return (next.effective - start.effective).dot(update) / update.sumOfSquares()
  }

  static let fromPlain: [(size: Double, plain: Double, half: Double, unrelated: Double)] = [
    (0.001, 0.017, 0.587, 0.254), (0.01, 0.015, 0.583, 0.265), (0.03, 0.029, 0.584, 0.276),
    (0.05, 0.241, 0.658, 0.453), (0.10, 0.836, 0.942, 0.913), (0.20, 0.987, 0.997, 0.995),
  ]

  @Test func compensationSavesUpdatesThatPlainRequantisingErases() {
    let start = State(of: weight, basis: first, steps: 0)
    for row in Self.fromPlain {
      func expect(_ actual: Double, _ expected: Double, _ name: String) {
        // The table was measured with another seed and is accurate to this margin.
        #expect(abs(actual - expected) < 0.05, "\(name) at \(row.size): \(actual)")
      }
      expect(survival(row.size, from: start, into: unrelated, steps: 0), row.plain, "plain")
      expect(survival(row.size, from: start, into: half, steps: 5), row.half, "half shared")
      expect(survival(row.size, from: start, into: unrelated, steps: 5), row.unrelated, "unrelated")
    }
  }

  @Test func fromACompensatedStateMostOfASmallUpdateSurvives() {
    let start = State(of: weight, basis: first, steps: 5)
    let (shared, other) = (
      survival(0.01, from: start, into: half, steps: 5),
      survival(0.01, from: start, into: unrelated, steps: 5)
    )
    #expect(abs(shared - 0.85) < 0.05, "\(shared)")
    #expect(abs(other - 0.78) < 0.05, "\(other)")
  }
}
