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

  @Test("Draining yields each gradient once, in the order of arrival")
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

  @Test("Clipping scales all gradients to the given norm, and leaves smaller ones unchanged")
  func clipping() {
    let model = TestModel()
    let plain = valueAndGradients(of: model.loss()).gradients
    let norm = plain.globalNorm
    let clipped = valueAndGradients(of: model.loss()).gradients.clipped(toGlobalNorm: norm / 4)
    // Each element is rounded once, by 6e-8 of itself.
    #expect(abs(clipped.globalNorm - norm / 4) <= 1e-7 * norm)
    let same = valueAndGradients(of: model.loss()).gradients.clipped(toGlobalNorm: norm * 1.01)
    for parameter in model.parameters {
      let expected = plain[parameter]! * 0.25
      #expect((clipped[parameter]! - expected).norm() <= 1e-6 * expected.norm())
      #expect(same[parameter] == plain[parameter])
    }
  }

  @Test("The mean over micro-batches is the gradient of the whole batch")
  func microBatches() {
    let w = Parameter(normal([3, 4], seed: 1))
    let x = normal([6, 4], seed: 2)
    func loss(_ rows: Range<Int>) -> Variable {
      square(linear(Variable(x.sliced(rows)), Variable(w))).mean()
    }
    var sum = Gradients()
    for start in [0, 2, 4] {
      try! backward(from: loss(start..<start + 2)) { event in
        if case .dense(let parameter, let gradient) = event { sum.add(gradient, for: parameter) }
      }
    }
    sum.scale(by: 1 / 3)
    let whole = valueAndGradients(of: loss(0..<6)).gradients[w]!
    #expect((sum[w]! - whole).norm() <= 1e-6 * whole.norm())
  }
}
