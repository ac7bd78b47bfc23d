import Autodiff
import Foundation
import Tensors
import Testing

/// Counts of live buffers are the whole process's, so each of these runs in a process of its own.
@Suite struct RecordMemoryTests {
  @Test("After a pass nothing of the record is left")
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

  @Test("After an error in the middle of a pass nothing is left when the loss goes")
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

  @Test("Without a pass nothing is left when the loss goes")
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

  @Test("A checkpointed block keeps its input alone")
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

  @Test("A gradient that is used once is worked on in place")
  func inPlace() async {
    await #expect(processExitsWith: .success) {
      let count = 100_000
      let x = Parameter(normal([count], seed: 1))
      let y = (0..<10).reduce(Variable(x)) { y, _ in y * 2 }
      let loss = y.sum()
      TensorMemory.resetPeak()
      let start = TensorMemory.liveBytes
      try backward(from: loss) { _ in }
      // The gradient and the scaled one: never one for each of the ten steps.
      #expect(TensorMemory.peakBytes - start <= 2 * count * 4 + 4096)
    }
  }

  static let depth = 10_000

  /// Runs `body` where a recursion over `depth` nodes would not fit.
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

  @Test("A chain of 10,000 operations is propagated and released by loops")
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

  @Test("A chain of 10,000 checkpointed blocks is propagated and released by loops")
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
