import Autodiff
import Foundation
import Tensors
import Testing

/// Live buffers are counted per process, so each of these tests runs in a separate one.
@Suite struct RecordMemoryTests {
  @Test("Nothing of the record remains after a pass")
  func success() async {
    await #expect(processExitsWith: .success) {
      let model = TestModel()
      for checkpointing in TestModel.Checkpointing.allCases {
        let start = TensorMemory.liveBuffers
        let loss = model.loss(checkpointing)
        #expect(TensorMemory.liveBuffers > start)
        try backward(from: loss) { _ in }
        // The loss's own value.
        #expect(TensorMemory.liveBuffers == start + 1, "\(checkpointing)")
      }
    }
  }

  @Test("Nothing remains after an error during a pass once the loss is released")
  func failure() async {
    await #expect(processExitsWith: .success) {
      let model = TestModel()
      for checkpointing in TestModel.Checkpointing.allCases {
        for stop in 1...model.parameters.count {
          let start = TensorMemory.liveBuffers
          var count = 0
          #expect(throws: Interruption.self) {
            try backward(from: model.loss(checkpointing)) { _ in
              count += 1
              if count == stop { throw Interruption() }
            }
          }
          #expect(TensorMemory.liveBuffers == start, "\(checkpointing), \(stop)")
        }
      }
    }
  }

  @Test("Nothing remains without a pass once the loss is released")
  func never() async {
    await #expect(processExitsWith: .success) {
      let model = TestModel()
      for checkpointing in TestModel.Checkpointing.allCases {
        let start = TensorMemory.liveBuffers
        _ = model.loss(checkpointing)
        #expect(TensorMemory.liveBuffers == start, "\(checkpointing)")
      }
    }
  }

  @Test("A checkpointed block keeps only its input")
  func checkpointKeeps() async {
    await #expect(processExitsWith: .success) {
      let x = Parameter(normal([1000], seed: 1))
      let start = TensorMemory.liveBuffers
      let kept = tanh(sigmoid(tanh(sigmoid(Variable(x)))))
      #expect(TensorMemory.liveBuffers == start + 4)
      let block = checkpointed { tanh(sigmoid(tanh(sigmoid(Variable(x))))) }
      #expect(TensorMemory.liveBuffers == start + 5)
      withExtendedLifetime((kept, block)) {}
    }
  }

  @Test("A gradient that is used once is updated in place")
  func inPlace() async {
    await #expect(processExitsWith: .success) {
      let count = 100_000
      let x = Parameter(normal([count], seed: 1))
      let y = (0..<10).reduce(Variable(x)) { y, _ in y * 2 }
      let loss = y.sum()
      TensorMemory.resetPeak()
      let start = TensorMemory.liveBytes
      try backward(from: loss) { _ in }
      // The gradient and its scaled copy, not one per step.
      #expect(TensorMemory.peakBytes - start <= 2 * count * 4 + 4096)
    }
  }

  static let depth = 10_000

  /// Runs `body` on a stack too small for a recursion over `depth` nodes.
  static func onSmallStack(_ body: @escaping @Sendable () -> Void) {
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      body()
      done.signal()
    }
    thread.stackSize = 256 * 1024
    thread.start()
    done.wait()
  }

  @Test("A chain of 10,000 operations is propagated and released without recursion")
  func deepChain() async {
    await #expect(processExitsWith: .success) {
      Self.onSmallStack {
        let x = Parameter(.ones([2]))
        let start = TensorMemory.liveBuffers
        func chain() -> Variable {
          (0..<RecordMemoryTests.depth).reduce(Variable(x)) { y, _ in y + Variable(x) }
        }
        let gradient = valueAndGradients(of: chain().sum()).gradients[x]
        #expect(gradient == Tensor(repeating: Float(RecordMemoryTests.depth + 1), shape: [2]))
        _ = chain()
        #expect(throws: Interruption.self) {
          try backward(from: chain().sum()) { _ in throw Interruption() }
        }
        _ = valueAndGradients(of: checkpointed { chain() }.sum())
        #expect(TensorMemory.liveBuffers == start + 1)
        withExtendedLifetime(gradient) {}
      }
    }
  }

  @Test("A chain of 10,000 checkpointed blocks is propagated and released without recursion")
  func deepCheckpoints() async {
    await #expect(processExitsWith: .success) {
      Self.onSmallStack {
        let x = Parameter(.ones([2]))
        let start = TensorMemory.liveBuffers
        func chain() -> Variable {
          (0..<RecordMemoryTests.depth).reduce(Variable(x)) { y, _ in
            checkpointed { y + Variable(x) }
          }
        }
        let gradient = valueAndGradients(of: chain().sum()).gradients[x]
        #expect(gradient == Tensor(repeating: Float(RecordMemoryTests.depth + 1), shape: [2]))
        _ = chain()
        #expect(TensorMemory.liveBuffers == start + 1)
        withExtendedLifetime(gradient) {}
      }
    }
  }
}
