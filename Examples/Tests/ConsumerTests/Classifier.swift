import Autodiff
import Layers

/// Two linear layers for handwritten digits of 8 x 8 pixels, in a format that the caller chooses.
struct Classifier: Module {
  let hidden, output: any LinearLayer
  init(using linear: LayerBuilder) {
    hidden = linear(64, 256, bias: true)
    output = linear(256, 10, bias: true)
  }
  func callAsFunction(_ x: Variable) -> Variable { output(relu(hidden(x))) }
}
