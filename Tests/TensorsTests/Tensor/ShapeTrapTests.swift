import Tensors
import Testing

/// A misuse of shapes ends the process with a message that names the operation and both shapes.
struct ShapeTrapTests {
  private func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test("Operands that do not broadcast trap")
  func operands() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3]) + Tensor<Float>.zeros([4, 5])
    }
    #expect(message(result).contains("+: shapes [2, 3] and [4, 5] do not broadcast"))
  }

  @Test("Updates that would change the shape trap")
  func updates() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var a = Tensor<Float>.zeros([1, 3])
      a += Tensor<Float>.zeros([4, 3])
    }
    #expect(message(result).contains("+=: [4, 3] does not broadcast to [1, 3]"))
  }

  @Test("Products that do not fit trap")
  func products() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = matmul(Tensor<Float>.zeros([2, 3]), Tensor<Float>.zeros([4, 5]))
    }
    #expect(message(result).contains("matmul: shapes [2, 3] and [4, 5] do not fit"))
  }

  @Test("Batches that do not broadcast trap")
  func batches() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = matmul(Tensor<Float>.zeros([2, 3, 4]), Tensor<Float>.zeros([5, 4, 1]))
    }
    #expect(message(result).contains("matmul: shapes [2, 3, 4] and [5, 4, 1] do not broadcast"))
  }

  @Test("Reshaping to another number of elements traps")
  func reshaping() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3]).reshaped(to: [4])
    }
    #expect(message(result).contains("reshaped: [2, 3] does not fit [4]"))
  }

  @Test("Joining tensors that differ along other axes traps")
  func joining() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.concatenated([Tensor<Float>.zeros([2, 3]), Tensor<Float>.zeros([2, 4])])
    }
    #expect(message(result).contains("concatenated: shapes [2, 3] and [2, 4] do not fit"))
  }

  @Test("Right-hand sides that do not fit trap")
  func rightHandSides() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try solve(Tensor<Float>.identity(3), Tensor<Float>.zeros([2, 1]))
    }
    #expect(message(result).contains("solve: matrix [3, 3] and right-hand side [2, 1] do not fit"))
  }

  @Test("Indices outside the shape trap")
  func outsideIndices() async {
    let element = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3])[0, 3]
    }
    #expect(message(element).contains("subscript: index [0, 3] outside shape [2, 3]"))
    let slice = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3]).sliced(1..<5, alongAxis: 1)
    }
    #expect(message(slice).contains("sliced: 1..<5 outside axis 1 of [2, 3]"))
    let row = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3]).gatheringRows(at: Tensor([2]))
    }
    #expect(message(row).contains("gatheringRows: index 2 outside [2, 3]"))
  }
}
