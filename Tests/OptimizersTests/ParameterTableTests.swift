import Autodiff
import Optimizers
import Quantization
import Tensors
import Testing

@Suite struct ParameterTableTests {
  @Test("What is remembered goes with the parameter, and no other inherits it")
  func entriesBelongToTheirParameters() {
    var table = ParameterTable<Int>()
    let kept = Parameter(.zeros([1]))
    table[kept] = -1
    var addresses: Set<ObjectIdentifier> = []
    var reused = 0
    for number in 0..<1_000 {
      let parameter = Parameter(.zeros([1]))
      if !addresses.insert(ObjectIdentifier(parameter)).inserted { reused += 1 }
      #expect(table[parameter] == nil && table.remove(parameter) == nil)
      table[parameter] = number
      #expect(table[parameter] == number)
    }
    // Else the test would show nothing.
    #expect(reused > 0)
    #expect(Array(table.values) == [-1])
    #expect(table.remove(kept) == -1 && table[kept] == nil)
  }

  @Test(
    "A new parameter of another shape gets moments of its own, and those of freed ones are freed")
  func optimizersForgetWhatIsGone() {
    let optimizers: [any Optimizer] = [
      SGD(learningRate: .constant(0.1)), AdamW(learningRate: .constant(0.1)),
      AdamW8bit(learningRate: .constant(0.1)), Adafactor(learningRate: .constant(0.1)),
    ]
    for optimizer in optimizers {
      for size in 1...100 {
        let parameter = Parameter(.zeros([64, size]))
        optimizer.update(parameter, .ones([64, size]), step: 0, gradientScale: 1)
        #expect(parameter.tensor.scalars.allSatisfy { $0.isFinite })
      }
      #expect(optimizer.stateByteCount == 0, "\(type(of: optimizer))")
    }
  }

  /// All that an optimizer without memory needs.
  private final class SignDescent: Optimizer {
    var learningRate: LearningRateSchedule = .constant(0.5)

    func update(
      _ parameter: Parameter, _ gradient: consuming Tensor<Float>, step: Int, gradientScale: Float
    ) {
      let rate = Float(learningRate(step))
      let signs = Tensor(gradient.scalars.map { $0 > 0 ? rate : -rate }, shape: parameter.shape)
      parameter.update(step: step) { $0 -= signs }
    }
  }

  @Test("An optimizer that remembers nothing is a rate and an update")
  func defaults() throws {
    let (optimizer, parameter) = (SignDescent(), Parameter(Tensor([1, 2]), name: "weight"))
    optimizer.update(parameter, Tensor([3, -3]), step: 0, gradientScale: 1)
    #expect(parameter.tensor == Tensor([0.5, 2.5]))
    optimizer.reparameterize(parameter, by: .reset)
    #expect(optimizer.stateByteCount == 0 && optimizer.state(of: parameter).isEmpty)
    try optimizer.restore(TensorParts(), of: parameter)
    let error = #expect(throws: OptimizerError.self) {
      try optimizer.restore(TensorParts(floats: ["first": .zeros([2])]), of: parameter)
    }
    #expect(error?.description.contains("weight") == true)
  }

  /// In a process of its own, where nothing else holds tensors.
  @Test("Moments are changed in place")
  func inPlace() async {
    await #expect(processExitsWith: .success) {
      let shape: Shape = [1_000, 256]
      let bytes = 4 * shape.elementCount
      let optimizers: [any Optimizer] = [
        SGD(learningRate: .constant(0.1)), AdamW(learningRate: .constant(0.1)),
        AdamW8bit(learningRate: .constant(0.1)),
      ]
      for optimizer in optimizers {
        let parameter = Parameter(.zeros(shape))
        for step in 0..<3 {
          let gradient = Tensor<Float>.ones(shape)
          let start = TensorMemory.liveBytes
          TensorMemory.resetPeak()
          optimizer.update(parameter, gradient, step: step, gradientScale: 1)
          let taken = TensorMemory.peakBytes - start
          #expect(step == 0 || taken < bytes / 2, "\(type(of: optimizer)): \(taken) of \(bytes)")
        }
      }
    }
  }
}
