internal import Formatting
internal import LoQT
internal import Optimizers
internal import Quantization
internal import Stepping
internal import Tensors
internal import Training

extension Experiment {
  /// Which updates survive a merge into 4 bits.
  static let erasure = Experiment(
    "erasure", "Erasure of small updates",
    question: """
      Rounding to 4 bits gives back the same codes unless a weight has moved far enough. Which share of \
      an update survives its merge, with and without compensation, for random matrices and for the \
      layers of a run?
      """,
    reference: "C = 5",
    variants: { _ in
      [("", 0.0025), (", slow", 0.000_25)].flatMap { name, rate in
        [5, 0].map { (steps: Int) in
          Variant.paper("C = \(steps)\(name)", rates: .fixed(rate)) { $0.compensation = steps }
        }
      }
    },
    findings: { results, _ in try syntheticErasure() + [layerErasure(results)] })

  /// The survival of updates of random matrices.
  static func syntheticErasure() throws -> [Finding] {
    let sizes = [0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.2]
    return try [false, true].map { isCompensatedBefore in
      Finding(
        title: isCompensatedBefore
          ? "Random matrices that were compensated before" : "Random matrices",
        note: """
          W is Gaussian, 256 x 512 with rank 64, and starts \
          \(isCompensatedBefore ? "from an Initialise with C = 5" : "in plain NF4 with B = 0"). \
          Shares of a random update within the old projection that its merge keeps; the new \
          projection shares half of its directions with the old one, or none.
          """,
        header: ["update / weights", "C = 0", "C = 5, half shared", "C = 5, unrelated"],
        rows: try sizes.map { size in
          try [.share(size)]
            + [(0, true), (5, true), (5, false)].map { steps, isShared in
              .share(
                try survival(
                  size: Float(size), steps: steps, sharesHalf: isShared,
                  startsCompensated: isCompensatedBefore))
            }
        })
    }
  }

  /// The survival share <E_new - E_old, D> / ‖D‖² of an update D in a merge.
  private static func survival(
    size: Float, steps: Int, sharesHalf: Bool, startsCompensated: Bool
  ) throws -> Double {
    var random = RandomSource(seed: 0).split("erasure")
    let (out, input, rank) = (512, 256, 64)
    func basis(_ kept: Tensor<Float>?) throws -> Tensor<Float> {
      let drawn = Tensor<Float>.normal([input, rank], using: &random)
      guard let kept else { return try qr(drawn).q }
      let half = kept.sliced(0..<rank / 2, alongAxis: 1)
      let other = drawn.sliced(0..<rank / 2, alongAxis: 1)
      return try qr(.concatenated([half, other], alongAxis: 1)).q
    }
    func initialized(_ weight: Tensor<Float>, _ basis: Tensor<Float>, steps: Int) -> Initialization
    {
      Initialization(
        of: weight, basis: basis, side: .left, scale: 1, weightFormat: .nf4(),
        projectionFormat: .nf4(), steps: steps)
    }
    func effective(_ state: Initialization) -> Tensor<Float> {
      state.weight.dequantized() + matmul(state.factor, state.projection.dequantized())
    }
    let weight = Tensor<Float>.normal([out, input], using: &random)
    let oldBasis = try basis(nil)
    let start = initialized(weight, oldBasis, steps: startsCompensated ? 5 : 0)
    let old = effective(start)
    let direction = matmul(
      Tensor<Float>.normal([out, rank], using: &random), start.projection.dequantized())
    let update = direction * (size * Float(old.norm() / direction.norm()))
    let merged = initialized(
      old + update, try basis(sharesHalf ? oldBasis : nil), steps: steps)
    return (effective(merged) - old).dot(update) / update.sumOfSquares()
  }

  /// The survival of updates in the layers of the runs, by the size of the update.
  private static func layerErasure(_ results: ExperimentResults) -> Finding {
    let bounds = [0, 0.003, 0.01, 0.03, 0.1, 0.2, .infinity]
    func survivals(_ name: String, _ range: (Double, Double)) -> [Double] {
      results.rows.filter { $0.name.hasPrefix(name) }.flatMap(\.runs).flatMap(\.record.merges)
        .flatMap(\.layers).compactMap { layer in
          guard let size = layer.relativeUpdate, size >= range.0, size < range.1 else { return nil }
          return layer.survival
        }
    }
    return Finding(
      title: "Layers of the runs",
      note:
        "Mean survival shares of the merges of all layers and seeds, by the size of the update.",
      header: ["update / weights", "C = 0", "merges", "C = 5", "merges"],
      rows: zip(bounds, bounds.dropFirst()).map { range in
        let (plain, compensated) = (survivals("C = 0", range), survivals("C = 5", range))
        let name =
          range.1 == .infinity
          ? "from \(NumberText.percent(range.0, 1))"
          : "\(NumberText.percent(range.0, 1)) to \(NumberText.percent(range.1, 1))"
        return [
          .text(name), .share(SampleStatistics(plain).mean),
          .number(Double(plain.count), decimals: 0), .share(SampleStatistics(compensated).mean),
          .number(Double(compensated.count), decimals: 0),
        ]
      })
  }
}
