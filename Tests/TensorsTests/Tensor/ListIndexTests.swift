import Tensors
import Testing

/// Lists, masks and negative positions between the brackets.
struct ListIndexTests {
  private func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test("Lists on any axis read and write the elements they name")
  func lists() {
    for layout in Layout.allCases {
      for shape in [[4, 3, 5], [2, 1, 3], [5, 5, 1]] {
        let reference = Reference(shape)
        let tensor = layout.tensor(reference)
        for axis in 0..<3 {
          let size = shape[axis]
          let list = [size - 1, 0, size / 2, 0]
          var indices: [any TensorIndex] = [.all, .all, .all]
          indices[axis] = list
          let part: Tensor<Float> = tensor[indices[0], indices[1], indices[2]]
          var sizes = shape
          sizes[axis] = list.count
          let expected = Reference(sizes) { place in
            var from = place
            from[axis] = list[place[axis]]
            return reference[from]
          }
          #expect(expected.matches(part), "\(layout) \(shape) \(axis)")
          var changed = tensor
          let distinct = Array(Set(list)).sorted()
          sizes[axis] = distinct.count
          indices[axis] = distinct.map { $0 - size }
          changed[indices[0], indices[1], indices[2]] = Tensor(-1)
          let written = Reference(shape) { distinct.contains($0[axis]) ? -1 : reference[$0] }
          #expect(written.matches(changed), "\(layout) \(shape) \(axis)")
          #expect(reference.matches(tensor))
        }
      }
    }
  }

  @Test("Masks over one axis or several select and assign")
  func masks() {
    let x: Tensor<Float> = [[1, -2, 3], [-4, 5, -6]]
    #expect(x[x .> 0] == [1, 3, 5])
    #expect(x[.all, [true, false, true] as Tensor<Bool>] == [[1, 3], [-4, -6]])
    #expect(x[[false, true] as Tensor<Bool>] == [[-4, 5, -6]])
    var y = x
    y[x .< 0] = Tensor(0)
    #expect(y == [[1, 0, 3], [0, 5, 0]])
    y[y .> 0] = [10, 20, 30]
    #expect(y == [[10, 0, 20], [0, 30, 0]])
    y[y .> 100] = Tensor([])
    y[[1], [0, -1]] = [[7, 8]]
    #expect(y == [[10, 0, 20], [7, 30, 8]])
    y.fill(1, at: .all, 1...)
    #expect(y == [[10, 1, 1], [7, 1, 1]])
    let z = Tensor<Float>.range(from: 0, to: 24).reshaped(to: [2, 3, 4])
    let mask = z.sum(squeezingAxes: [2]) .> 30
    #expect(z[mask].shape == [4, 4])
    #expect(z[.all, (z[0, .ellipsis] .> 5)] == z[.all, 1...].reshaped(to: [2, 8])[.all, 2...])
    #expect(z[1, .newAxis, [2, 0] as Tensor<Int32>, -1] == [[23, 15]])
  }

  @Test("Lists of any shape give their shape to the axis")
  func shapedLists() {
    let v: Tensor<Double> = [10, 11, 12, 13]
    #expect(v[[[0, 3], [-1, 1]] as Tensor<Int64>] == [[10, 13], [13, 11]])
    #expect(Tensor<Double>.identity(3)[[2, 1] as Tensor<Int32>] == [[0, 0, 1], [0, 1, 0]])
    #expect(v[[]].shape == [0])
  }

  @Test("Negative positions and bounds count from the back, and ranges end with the axis")
  func negatives() {
    let v: Tensor<Float> = [0, 1, 2, 3, 4]
    let last: Float = v[-1]
    #expect(last == 4)
    #expect(v[(-2)...] == [3, 4])
    #expect(v[..<(-3)] == [0, 1])
    #expect(v[-3 ... -1] == [2, 3, 4])
    #expect(v[3..<99] == [3, 4])
    #expect(v[9...].shape == [0])
    #expect(v[(-99)..<2] == [0, 1])
    #expect(v[.stride(from: -1, to: 1, by: -2)] == [4, 2])
    #expect(v[.stride(from: 1, to: -1)] == [1, 2, 3])
    #expect(v[.stride(from: 99, to: -99, by: -1)] == [4, 3, 2, 1, 0])
    var matrix = Tensor<Float>.zeros([2, 2])
    matrix[-1, -2] = 5
    #expect(matrix == [[0, 0], [5, 0]])
    let row: Tensor<Float> = matrix[1]
    #expect(row == [5, 0])
    #expect(matrix.slices.map { $0.sum() } == [0, 5])
  }

  @Test("Literals may hold variables, NaN and infinity")
  func literals() {
    let x: Float = 7
    #expect(Tensor([[x, 1], [2, -x]]) == [[7, 1], [2, -7]])
    #expect(Tensor([[[x]], [[1]]]).shape == [2, 1, 1])
    let special: Tensor<Double> = [[.nan, -.infinity], [.infinity, .pi]]
    #expect(special[0, 0].isNaN && special[0, 1] == -.infinity && special[1, 1] == .pi)
  }

  @Test("Numbers of other types stand beside tensors")
  func mixedScalars() {
    let a: Tensor<Float> = [3, 4]
    let n = 2
    #expect(a / a.norm() == a / 5)
    #expect(a * n == [6, 8] && n * a == [6, 8] && a - n == [1, 2] && n - a == [-1, -2])
    #expect(a + a.dot(a) == [28, 29] && a * 2 == [6, 8] && a / 2 == [1.5, 2])
    #expect(Tensor<Double>([1, 2]) * n == [2, 4] && 2.5 * a == [7.5, 10])
  }

  @Test("Misuse names the index, the shape and what to write")
  func misuse() async {
    let outside = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3])[.all, [0, 3]]
    }
    #expect(message(outside).contains("subscript: position 3 outside axis 1 of [2, 3]"))
    let mask = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3])[Tensor<Bool>(repeating: true, shape: [3])]
    }
    #expect(message(mask).contains("subscript: a mask of shape [3] does not fit axis 0 of [2, 3]"))
    let row = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let _: Float = Tensor<Float>.zeros([2, 3])[0]
    }
    #expect(message(row).contains("1 indices for shape [2, 3]. For a part, write [0, .ellipsis]"))
    let value = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var a = Tensor<Float>.zeros([4])
      a[[0, 1]] = [1, 2, 3]
    }
    #expect(message(value).contains("subscript: [3] does not broadcast to [2]"))
  }
}
