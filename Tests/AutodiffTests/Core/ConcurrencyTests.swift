import Autodiff
import Tensors
import Testing

@Suite struct ConcurrencyTests {
  private static func train(_ checkpointing: TestModel.Checkpointing) throws -> [Tensor<Float>] {
    let model = TestModel()
    for _ in 0..<50 { try model.descend(checkpointing) }
    return model.parameters.map(\.tensor)
  }

  @Test("Two concurrent training loops do not affect each other")
  func twoLoops() async throws {
    let expected = try Self.train(.none)
    let isFinite = expected.allSatisfy { $0.allFinite }
    #expect(isFinite)
    try await withThrowingTaskGroup(of: [Tensor<Float>].self) { group in
      for checkpointing in TestModel.Checkpointing.allCases {
        group.addTask { try Self.train(checkpointing) }
      }
      for try await result in group { #expect(result == expected) }
    }
  }
}
