import Autodiff
import LanguageModels
import Layers
import Tensors

func layerCases() -> [any BenchmarkCase] {
  [
    generation(prompt: 256, added: 8, reach: 3),
    layerNormCase(rows: 2048, size: 512),
    convolutionCase(batch: 8, channels: 64, side: 28),
  ]
}

/// Tokens continued with kept keys and values beside the whole text computed anew for each.
private func generation(prompt: Int, added: Int, reach: Double) -> Comparison {
  Comparison(
    "layers", "generate \(added) tokens after \(prompt), 60m", unit: runs, work: 1,
    rival: "without a cache", reach: reach
  ) {
    let configuration = LlamaConfiguration.preset("60m")!
    let model = Llama(configuration, using: .dense(seed: 1))
    let tokens = (0..<prompt).map { Int32($0 * 7919 % configuration.vocabularySize) }
    return (
      {
        var random = RandomSource(seed: 1)
        _ = model.generate(prompt: tokens, count: added, temperature: 0, random: &random)
      },
      {
        var text = tokens
        for _ in 0..<added {
          let states = withoutGradient { model.hiddenStates(Tensor(text, shape: [1, text.count])) }
          let last = states.sliced(text.count - 1..<text.count, alongAxis: 1)
          let logits = linear(last, Variable(model.head!.weight)).tensor
          text.append(logits.flattened().argmax(alongAxis: 0).scalar)
        }
      }
    )
  }
}

private func layerNormCase(rows: Int, size: Int) -> Comparison {
  Comparison(
    "layers", "layer norm forward + backward, \(rows) x \(size)", unit: runs, work: 1,
    rival: "rms norm", reach: 0.5
  ) {
    let x = Parameter(random([rows, size]))
    let (weight, bias) = (Parameter(random([size])), Parameter(random([size])))
    let gradient = random([rows, size], seed: 2)
    return (
      {
        let y = layerNorm(Variable(x), weight: Variable(weight), bias: Variable(bias))
        try! backward(from: y, seed: .float(gradient)) { _ in }
      },
      {
        let y = rmsNorm(Variable(x), weight: Variable(weight), epsilon: 1e-6)
        try! backward(from: y, seed: .float(gradient)) { _ in }
      }
    )
  }
}

private func convolutionCase(batch: Int, channels: Int, side: Int) -> Comparison {
  let work = 3 * 2 * Double(batch * side * side) * Double(channels * channels * 9)
  return Comparison(
    "layers", "3x3 convolution forward + backward, \(batch) x \(channels) x \(side) x \(side)",
    unit: gflops, work: work, rival: "matmul of 1024", rivalWork: 2 * 1024 * 1024 * 1024,
    reach: 0.5
  ) {
    let x = Parameter(random([batch, channels, side, side]))
    let weight = Parameter(random([channels, channels, 3, 3], seed: 2))
    let gradient = random([batch, channels, side, side], seed: 3)
    let (a, b) = (random([1024, 1024]), random([1024, 1024], seed: 4))
    return (
      {
        let y = convolution2D(Variable(x), Variable(weight), padding: 1)
        try! backward(from: y, seed: .float(gradient)) { _ in }
      },
      { _ = matmul(a, b) }
    )
  }
}
