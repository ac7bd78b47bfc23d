import Autodiff
import Tensors
import Testing

@Suite struct EmbeddingTests {
  @Test("embedding has the gradient of central differences, repeated rows included")
  func gradients() {
    expectGradients([[1, 1]]) { embedding($0[0], at: Tensor([0])) }
    expectGradients([[5, 3]]) { embedding($0[0], at: Tensor([0, 4, 4, 1])) }
    expectGradients([[5, 3]]) { embedding($0[0], at: Tensor([2, 0, 2, 2, 1, 0], shape: [2, 3])) }
  }

  @Test("embedding equals PyTorch's")
  func golden() throws {
    for test in try goldenCases("embedding_") {
      let ids = try test.integers("ids")
      try test.expect("weight") { embedding($0[0], at: ids) }
    }
  }
}
