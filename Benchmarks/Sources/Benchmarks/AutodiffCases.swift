import Autodiff
import CRivals
import LanguageModels
import Layers
import Optimizers
import Tensors

func autodiffCases() -> [any BenchmarkCase] {
  attentionCases() + headCases() + tapeCases() + trainingCases()
}

// MARK: - Attention

private func attentionCases() -> [any BenchmarkCase] {
  [(batch: 8, tokens: 256), (batch: 1, tokens: 2048)].map { batch, tokens in
    let (heads, size) = (8, 64)
    // Seven products over the tokens each token sees: two forward, and five backward.
    let work = 7 * 2 * Double(size) * Double(batch * heads) * Double(tokens * (tokens + 1) / 2)
    let side = 1024
    return Comparison(
      "attention", "causal, forward + backward, \(batch) x \(heads) x \(tokens) x \(size)",
      unit: gflops, work: work, rival: "matmul of 1024", rivalWork: 2 * Double(side * side * side),
      reach: 0.5
    ) {
      let inputs = (1...3).map { Parameter(random([batch, tokens, heads, size], seed: $0)) }
      let gradient = random([batch, tokens, heads, size], seed: 4)
      let (a, b) = (random([side, side]), random([side, side], seed: 2))
      return (
        {
          let output = causalAttention(
            queries: Variable(inputs[0]), keys: Variable(inputs[1]), values: Variable(inputs[2]))
          try! backward(from: output, seed: .float(gradient)) { _ in }
        },
        { _ = matmul(a, b) }
      )
    }
  }
}

// MARK: - Head and cross entropy

private let vocabulary = 32_000

private func labels(_ count: Int) -> Tensor<Int32> {
  Tensor((0..<count).map { Int32($0 * 7919 % vocabulary) })
}

private func headCases() -> [any BenchmarkCase] {
  let (tokens, hidden) = (2048, 512)
  func inputs() -> (x: Parameter, weight: Parameter, labels: Tensor<Int32>) {
    (
      Parameter(random([tokens, hidden])), Parameter(random([vocabulary, hidden], seed: 2) * 0.02),
      labels(tokens)
    )
  }
  func fused(_ x: Parameter, _ weight: Parameter, _ labels: Tensor<Int32>) {
    let loss = linearCrossEntropy(Variable(x), Variable(weight), labels: labels)
    try! backward(from: loss) { _ in }
  }
  return [
    Comparison(
      "head", "linear + cross entropy, 2048 x 512 x 32000", unit: runs, work: 1,
      rival: "unfused", reach: 1
    ) {
      let (x, weight, labels) = inputs()
      return (
        { fused(x, weight, labels) },
        {
          let loss = crossEntropy(linear(Variable(x), Variable(weight)), labels: labels)
          try! backward(from: loss) { _ in }
        }
      )
    },
    Figure(
      group: "head", name: "its peak, gradients aside", unit: "MiB", rival: "bound", reach: 1
    ) {
      let (x, weight, labels) = inputs()
      let before = TensorMemory.liveBytes
      TensorMemory.resetPeak()
      fused(x, weight, labels)
      let gradients = 4 * (x.tensor.elementCount + weight.tensor.elementCount)
      return (Double(TensorMemory.peakBytes - before - gradients) / 1_048_576, 64)
    },
    Figure(
      group: "head", name: "cross entropy alone, forward, 1024 x 32000", unit: "ms",
      rival: "torch 2.13, by hand", reach: 3
    ) {
      let logits = Variable(random([1024, vocabulary]))
      let labels = labels(1024)
      return (fastest { _ = crossEntropy(logits, labels: labels) } * 1000, Torch.crossEntropy)
    },
    Figure(
      group: "head", name: "cross entropy alone, forward + backward", unit: "ms",
      rival: "torch 2.13, by hand", reach: 3
    ) {
      let logits = random([1024, vocabulary])
      let labels = labels(1024)
      let seconds = fastest {
        // A head's logits are shared with nothing else.
        let x = Parameter(logits)
        let loss = crossEntropy(Variable(x) * 1, labels: labels)
        try! backward(from: loss) { _ in }
      }
      let copy = fastest { _ = logits * 1 }
      return ((seconds - copy) * 1000, Torch.crossEntropyBoth)
    },
  ]
}

// MARK: - The tape

private func tapeCases() -> [any BenchmarkCase] {
  let count = 1000
  return [
    Figure(
      group: "tape", name: "an operation beyond its tensor operations", unit: "ns",
      rival: "bound", reach: 1
    ) {
      let x = Parameter(random([2, 2]))
      let factor = Variable(random([2, 2], seed: 2))
      let recorded = fastest(50) {
        var y = Variable(x)
        for _ in 0..<count { y = y * factor }
        try! backward(from: y, seed: .float(x.tensor)) { _ in }
      }
      let bare = fastest(50) {
        var y = x.tensor
        let f = factor.tensor
        for _ in 0..<count { y = y * f }
        var g = x.tensor
        for _ in 0..<count { g = g * f }
      }
      return ((recorded - bare) / Double(count) * 1e9, 1000)
    }
  ]
}

// MARK: - A training step

/// What `torch_llama.py` printed on the machine of these benchmarks: milliseconds and bytes.
private enum Torch {
  static let crossEntropy = 40.4
  static let crossEntropyBoth = 84.4
  static let step = 1862.5
  static let activationBytes = 971_808_772.0
}

private let preset = LlamaConfiguration.preset("60m")!

private func tokens(_ batch: Int) -> Tensor<Int32> {
  Tensor(
    (0..<batch * 256).map { Int32($0 * 7919 % vocabulary) }, shape: [batch, 256])
}

/// Full-rank training steps of preset 60m, each parameter updated as its gradient comes.
private func trainingStep(_ batch: Int) -> () -> Void {
  let model = Llama(preset, using: .dense(seed: 1))
  let optimizer = AdamW(learningRate: .constant(1e-4))
  let tokens = tokens(batch)
  var step = 0
  return {
    try! backward(from: model.loss(tokens: tokens, labels: tokens)) { event in
      if case .dense(let parameter, let gradient) = event {
        optimizer.update(parameter, gradient.float, step: step)
      }
    }
    step += 1
  }
}

/// The matrix products of a training step's linear layers and head, forward and for both gradients.
private func products(_ batch: Int) -> () -> Void {
  let rows = batch * 256
  let (hidden, intermediate) = (preset.hiddenSize, preset.intermediateSize)
  let block =
    Array(repeating: (hidden, hidden), count: 4)
    + [(intermediate, hidden), (intermediate, hidden), (hidden, intermediate)]
  let shapes =
    (0..<preset.layers).flatMap { _ in block } + [(vocabulary, hidden)]
  // Products of one shape share their operands, which are as far apart in time as in a model.
  var operands: [String: (x: Tensor<Float>, w: Tensor<Float>, g: Tensor<Float>)] = [:]
  for (out, input) in shapes where operands["\(out) \(input)"] == nil {
    let n = out == vocabulary ? 256 : rows
    operands["\(out) \(input)"] = (
      random([n, input]), random([out, input], seed: 2), random([n, out], seed: 3)
    )
  }
  return {
    for (out, input) in shapes {
      let (x, w, g) = operands["\(out) \(input)"]!
      if out != vocabulary {
        _ = matmul(x, w.transposed())
        _ = matmul(g, w)
        _ = matmul(g.transposed(), x)
      } else {
        // The head's logits exist for a block of rows at a time.
        var y = Tensor<Float>.zeros(g.shape)
        var dw = Tensor<Float>.zeros(w.shape)
        var dx = Tensor<Float>.zeros(x.shape)
        for _ in stride(from: 0, to: rows, by: 256) {
          y.addProduct(x, w.transposed(), keeping: 0)
          dx.addProduct(g, w, keeping: 0)
          dw.addProduct(g.transposed(), x)
        }
      }
    }
  }
}

private func trainingCases() -> [any BenchmarkCase] {
  [
    Comparison(
      "training", "60m, batch 4 x 256: share of its matrix products", unit: runs, work: 1,
      rival: "products alone", reach: 0.75
    ) { (trainingStep(4), products(4)) },
    Figure(
      group: "training", name: "60m, batch 4 x 256", unit: "ms a step",
      rival: "torch 2.13, by hand", reach: 1.3
    ) {
      let step = trainingStep(4)
      return (fastest { step() } * 1000, Torch.step)
    },
    Figure(
      group: "training", name: "60m, batch 8 x 256: kept activations", unit: "MB",
      rival: "torch 2.13, by hand", reach: 1 / 0.6
    ) {
      let model = Llama(preset, using: .dense(seed: 1))
      let tokens = tokens(8)
      let before = TensorMemory.liveBytes
      let loss = model.loss(tokens: tokens, labels: tokens)
      let kept = TensorMemory.liveBytes - before
      withExtendedLifetime(loss) {}
      return (Double(kept) * 1e-6, Torch.activationBytes * 1e-6)
    },
  ] + peakCases()
}

/// The peak of a step beside the formula, within 5 % on either side.
private func peakCases() -> [any BenchmarkCase] {
  [
    ("plain", .collected, false), ("checkpointed", .collected, true),
    ("per-layer updates", .streamed, false), ("both", .streamed, true),
  ].map { (name: String, use: LlamaConfiguration.GradientUse, recomputes: Bool) in
    Figure(
      group: "training", name: "60m, batch 4 x 256: peak, \(name)", unit: "MB",
      rival: "formula", reach: 0.95
    ) {
      var model = Llama(preset, using: .dense(seed: 1))
      model.recomputesBlocks = recomputes
      let tokens = tokens(4)
      let before = TensorMemory.liveBytes
      TensorMemory.resetPeak()
      var gradients = Gradients()
      try! backward(from: model.loss(tokens: tokens, labels: tokens)) { event in
        if case .dense(let parameter, let gradient) = event, use == .collected {
          gradients.add(gradient, for: parameter)
        }
      }
      let peak = TensorMemory.peakBytes - before
      withExtendedLifetime(gradients) {}
      let formula = preset.stepPeakByteCount(
        batch: 4, tokens: 256, gradients: use, recomputesBlocks: recomputes)
      return (Double(peak) * 1e-6, Double(formula) * 1e-6)
    }
  }
}
