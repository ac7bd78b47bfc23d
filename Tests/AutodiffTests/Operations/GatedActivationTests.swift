import Autodiff
import Tensors
import Testing

@Suite struct GatedActivationTests {
  @Test("geglu has the gradients of central differences", arguments: SwiGLUTests.shapes)
  func gradients(_ shape: Shape) {
    expectGradients([shape, shape]) { geglu($0[0], $0[1]) }
    expectGradients([shape]) { geglu($0[0], $0[0]) }
  }

  @Test("geglu is the product of the gate's geluTanh and the other operand")
  func product() {
    let (gate, up) = (normal([3, 5], seed: 1), normal([3, 5], seed: 2))
    let expected = geluTanh(Variable(gate)) * Variable(up)
    #expect(geglu(Variable(gate), Variable(up)).tensor == expected.tensor)
  }
}
