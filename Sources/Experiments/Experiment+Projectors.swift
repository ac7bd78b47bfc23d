internal import Autodiff
internal import LanguageModels
internal import Layers
internal import LoQT
internal import Optimizers
internal import Stepping
internal import Tensors
internal import Training

extension Experiment {
  /// How to compute projections.
  static let projectors = Experiment(
    "projectors", "Ways to a projection",
    question: """
      How long does each way to the leading singular vectors take, how much of the gradient's energy do \
      its vectors hold, and does the final loss depend on it?
      """,
    reference: "exact",
    claims: [
      Claim("The randomised way costs less than 0.5 %", "randomized", within: 0.005, of: "exact")
    ],
    variants: { _ in
      MethodOptions.Projector.allCases.map { projector in
        Variant.paper(projector.rawValue, rates: .fixed(0.0025)) { $0.projector = projector }
      }
    },
    findings: { results, text in [try projections(results.scale, text)] })

  /// Time and captured energy on the gradients of a briefly trained model.
  private static func projections(_ scale: ExperimentScale, _ text: ExperimentText) throws
    -> Finding
  {
    var model = try TrainingConfiguration.model(preset: scale.preset)
    model.vocabularySize = scale.vocabulary
    let steps = max(1, scale.steps / 20)
    let configuration = try TrainingConfiguration(
      model: model, named: scale.preset, method: .full, steps: steps, batchSize: scale.batchSize,
      sequence: scale.sequence, learningRate: 0.001)
    let trainer = try Trainer(configuration, corpus: text.corpus)
    var sampler = try BatchSampler(
      text.corpus.training, batchSize: scale.batchSize, sequence: scale.sequence, seed: 0)
    for step in 0..<steps {
      let batch = sampler.batch(step: step)
      _ = try trainer.optimizer.step {
        trainer.model.loss(tokens: batch.inputs, labels: batch.labels)
      }
    }
    let batch = sampler.batch(step: steps)
    var gradients: [Tensor<Float>] = []
    let linear = Set(
      trainer.model.blocks.flatMap { $0.modules(ofType: Linear.self) }
        .map { ObjectIdentifier($0.module.weight) })
    try backward(from: trainer.model.loss(tokens: batch.inputs, labels: batch.labels)) { event in
      if case .dense(let parameter, let gradient) = consume event,
        linear.contains(ObjectIdentifier(parameter))
      {
        gradients.append(gradient.float)
      }
    }
    let rank = scale.largestRank
    var best = 0.0
    let rows = try [MethodOptions.Projector.exact, .gram, .randomized, .automatic].map { route in
      let projector = GradientProjector(method: route.method)
      var energies: [Double] = []
      var seconds = Double.infinity
      for _ in 0..<3 {
        var captured: [Double] = []
        let clock = ContinuousClock()
        var bases: [Tensor<Float>] = []
        let time = try clock.measure {
          for gradient in gradients {
            let side = ProjectionSide(out: gradient.shape[0], in: gradient.shape[1])
            bases.append(
              try projector.projection(
                of: gradient, rank: rank, side: side, random: RandomSource(seed: 0)
              ).basis)
          }
        }
        seconds = min(seconds, time / .seconds(1))
        for (gradient, basis) in zip(gradients, bases) {
          let side = ProjectionSide(out: gradient.shape[0], in: gradient.shape[1])
          let inside =
            side == .left ? matmul(gradient, basis) : matmul(basis.transposed(), gradient)
          captured.append(inside.sumOfSquares() / gradient.sumOfSquares())
        }
        energies = captured
      }
      let energy = SampleStatistics(energies).mean
      if route == .exact { best = energy }
      let milliseconds = 1e3 * seconds / Double(max(1, gradients.count))
      return [
        .text(route.rawValue), .number(milliseconds, decimals: 2), .share(energy),
        .number(energy / best, decimals: 5),
      ] as [Finding.Cell]
    }
    return Finding(
      title: "Time and captured energy",
      note: """
        Gradients of all \(gradients.count) linear layers of the preset after \(steps) steps of \
        full-rank training, rank \(rank). Milliseconds a layer on this machine; the mean share of a \
        gradient's energy inside the projection, and against the exact one's.
        """,
      header: ["method", "ms per layer", "energy", "share of the exact one"], rows: rows)
  }
}
