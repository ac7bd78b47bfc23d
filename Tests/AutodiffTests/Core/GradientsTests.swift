import Autodiff
import Tensors
import Testing

@Suite struct GradientsTests {
  @Test("Gradients of several passes add up")
  func accumulation() throws {
    let model = TestModel()
    var sum = Gradients()
    for _ in 0..<2 {
      try backward(from: model.loss()) { event in
        if case .dense(let parameter, let gradient) = event { sum.add(gradient, for: parameter) }
      }
    }
    let once = valueAndGradients(of: model.loss()).gradients
    for parameter in model.parameters { #expect(sum[parameter] == once[parameter]! * 2) }
    #expect(abs(sum.globalNorm - 2 * once.globalNorm) <= 1e-12 * sum.globalNorm)
    #expect(sum.byteCount == 4 * model.parameters.reduce(0) { $0 + $1.shape.elementCount })
  }

  @Test("Draining hands each over once, in the order of arrival")
  func drain() throws {
    let model = TestModel()
    var order: [String] = []
    var gradients = Gradients()
    try backward(from: model.loss()) { event in
      if case .dense(let parameter, let gradient) = event {
        order.append(parameter.name)
        gradients.add(gradient, for: parameter)
      }
    }
    var drained: [String] = []
    gradients.drain { parameter, _ in drained.append(parameter.name) }
    #expect(drained == order)
    #expect(gradients.count == 0)
  }
}
