import Autodiff
import LanguageModels
import Layers
import Tensors

func layerCases() -> [any BenchmarkCase] {
  [
    generation(prompt: 512, reach: 10),
    layerNormCase(rows: 2048, size: 512),
    convolutionCase(batch: 8, channels: 64, side: 28),
  ]
}

/// A token after others whose keys and values are cached, beside computing the whole text again.
private func generation(prompt: Int, reach: Double) -> Figure {
  Figure(
    group: "layers", name: "a token generated after \(prompt), 60m", unit: "ms",
    rival: "without a cache", reach: reach
  ) {
    let configuration = LlamaConfiguration.preset("60m")!
    let model = Llama(configuration, using: .dense(seed: 1))
    let text = (0..<prompt).map { Int32($0 * 7919 % configuration.vocabularySize) }
    func next(_ states: Variable) -> Int32 {
      let last = states.sliced(states.shape[1] - 1..<states.shape[1], alongAxis: 1)
      let logits = linear(last, Variable(model.head!.weight)).tensor
      return logits.flattened().argmax(squeezingAxis: 0).scalar
    }
    var caches = model.makeCaches(capacity: prompt + 32)
    let input = Tensor(text, shape: [1, prompt])
    var token = withoutGradient { next(model.hiddenStates(input, caches: &caches)) }
    let cached = fastest(16) {
      token = withoutGradient {
        next(model.hiddenStates(Tensor([token], shape: [1, 1]), caches: &caches))
      }
    }
    let whole = fastest(3) { _ = withoutGradient { next(model.hiddenStates(input)) } }
    return (cached * 1000, whole * 1000)
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
