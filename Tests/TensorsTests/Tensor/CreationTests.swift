import Tensors
import Testing

struct CreationTests {
  @Test("Ranges stop before their end")
  func ranges() {
    #expect(Tensor<Float>.range(from: 0, to: 1, by: 0.25) == [0, 0.25, 0.5, 0.75])
    #expect(Tensor<Double>.range(from: 1, to: 0, by: -0.5) == [1, 0.5])
    #expect(Tensor<Float>.range(from: 0, to: 2.5) == [0, 1, 2])
    #expect(Tensor<Float>.range(from: 1, to: 0).shape == [0])
    // The quotient is a hair above 3, the fourth number that of the end.
    #expect(Tensor<Double>.range(from: 1, to: 1.3, by: 0.1).shape == [3])
    #expect(Tensor<Int32>.range(from: 5, to: -2, by: -3) == [5, 2, -1])
    #expect(Tensor<Int64>.range(from: 2, to: 2).shape == [0])
    #expect(Tensor<UInt8>.range(from: 250, to: 255, by: 3) == [250, 253])
    // Added up step by step, a million tenths would drift by 1e-6.
    #expect(Tensor<Double>.range(from: 0, to: 1e5, by: 0.1)[999_999] == 999_999 * 0.1)
  }

  @Test("Linear spaces hit both ends")
  func linearSpaces() {
    #expect(Tensor<Float>.linearSpace(from: 0, through: 1, count: 5) == [0, 0.25, 0.5, 0.75, 1])
    #expect(Tensor<Float>.linearSpace(from: 3, through: 1, count: 1) == [3])
    #expect(Tensor<Float>.linearSpace(from: 3, through: 1, count: 0).shape == [0])
    for count in 2..<200 {
      let points = Tensor<Float>.linearSpace(from: 0.1, through: 0.7, count: count)
      #expect(points[0] == 0.1 && points[count - 1] == 0.7)
    }
  }

  @Test("Literals nest to any rank")
  func nestedLiterals() {
    let a: Tensor<Float> = [[[1, 2.5], [3, 4]], [[5, 6], [7, 8]]]
    #expect(a.shape == [2, 2, 2])
    #expect(a.scalars == [1, 2.5, 3, 4, 5, 6, 7, 8])
    let b: Tensor<Bool> = [true, false]
    #expect(b.scalars == [true, false])
    let c: Tensor<Int64> = [[], []]
    #expect(c.shape == [2, 0])
  }

  @Test("Ragged literals trap")
  func raggedLiterals() async {
    await #expect(processExitsWith: .failure) { let _: Tensor<Float> = [[1, 2], [3]] }
    await #expect(processExitsWith: .failure) { let _: Tensor<Float> = [[1, 2], 3] }
  }

  @Test("Spans see every layout in row-major order")
  func spans() {
    everyTensor(upToRank: 3) { reference, tensor, name in
      let copy = tensor.withSpan { Tensor($0, shape: tensor.shape) }
      #expect(reference.matches(copy), "\(name)")
      var changed = tensor
      changed.withMutableSpan { span in
        for i in span.indices { span[i] += 1 }
      }
      #expect(changed.scalars == reference.values.map { $0 + 1 }, "\(name)")
      #expect(reference.matches(tensor), "\(name)")
    }
  }

  @Test("One-hot rows point at their indices")
  func oneHotRows() {
    let result = Tensor<Float>.oneHot(Tensor([2, 0]), classes: 3)
    #expect(result == [[0, 0, 1], [1, 0, 0]])
    #expect(Tensor<Int32>.oneHot(Tensor<Int32>(1), classes: 2) == [0, 1])
  }
}
