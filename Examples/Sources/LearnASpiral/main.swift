// Trains a network of three layers to tell two spirals apart: autodiff, layers, AdamW.
import LoQTKit

struct Network: Module {
  let first, second, third: any LinearLayer
  init(using linear: LayerBuilder) {
    first = linear(2, 64, bias: true)
    second = linear(64, 64, bias: true)
    third = linear(64, 2, bias: true)
  }
  func callAsFunction(_ x: Variable) -> Variable { third(silu(second(silu(first(x))))) }
}

let count = 400
let angle = Tensor<Float>((0..<count).map { Float($0 / 2) / 20 })
let turn = Tensor<Float>((0..<count).map { $0 % 2 == 0 ? 0 : Float.pi })
let x = Tensor<Float>.stacked(
  [sin(angle + turn) * angle / 10, cos(angle + turn) * angle / 10], alongAxis: 1)
let labels = Tensor((0..<count).map { Int32($0 % 2) })

let model = Network(using: .dense(seed: 3))
print(model.summary())
let steps = 800
let stepper = Stepper(
  AdamW(learningRate: .cosine(peak: 0.01, steps: steps)), training: model)
for step in 0..<steps {
  let report = try stepper.step { crossEntropy(model(Variable(x)), labels: labels) }
  if step % 200 == 0 { print("step", step, "loss", report.loss) }
}
let answers = withoutGradient { model(Variable(x)) }.tensor.argmax(squeezingAxis: 1)
let right = zip(answers.scalars, labels.scalars).count { $0 == $1 }
print("right:", right, "of", count)
