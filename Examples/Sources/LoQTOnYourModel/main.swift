// Trains a model whose matrices are in 4 bits from the first step: LoQT.
import LoQTKit

struct Regressor: Module {
  let hidden, output: any LinearLayer
  init(using linear: LayerBuilder) {
    hidden = linear(64, 256)
    output = linear(256, 8)
  }
  func callAsFunction(_ x: Variable) -> Variable { output(relu(hidden(x))) }
}

var source = RandomSource(seed: 5)
let teacher = Regressor(using: .dense(seed: 9))
let steps = 400
for (name, builder) in [
  ("dense", LayerBuilder.dense(seed: 1)), ("LoQT, rank 16", .loqt(rank: 16, seed: 1)),
] {
  let model = Regressor(using: builder)
  let stepper = Stepper(
    AdamW(learningRate: .cosine(peak: 0.01, steps: steps)), training: model,
    merges: .exponential(every: 40, growth: 1.2), steps: steps)
  var last = 0.0
  for _ in 0..<steps {
    let x = Tensor<Float>.normal([128, 64], using: &source)
    let y = withoutGradient { teacher(Variable(x)) }.tensor
    let report = try stepper.step { meanSquaredError(model(Variable(x)), targets: y) }
    last = report.loss
    if let merge = report.merge, let survival = merge.survival {
      print("  merge at step \(merge.step): \(Int(100 * survival)) % of the update survived")
    }
  }
  var bytes = model.parameters.reduce(0) { $0 + $1.byteCount }
  model.walk { if case .state(let tensor) = $1 { bytes += tensor.byteCount } }
  print("\(name): \(bytes) bytes held, loss \(last)")
}
