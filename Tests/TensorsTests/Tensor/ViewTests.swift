import Tensors
import Testing

struct ViewTests {
  @Test("Copies and elements agree in every layout")
  func copies() {
    everyTensor { reference, tensor, name in
      #expect(reference.matches(tensor), "\(name)")
      #expect(reference.matches(tensor.copied()), "\(name)")
      #expect(tensor.contiguous().isContiguous)
      #expect(tensor == tensor.copied(), "\(name)")
    }
    for shape in everyShape(upToRank: 4) where shape.count == 4 {
      let tensor = Layout.transposed.tensor(Reference(shape))
      for index in Reference.indices(shape) {
        #expect(tensor[index[0], index[1], index[2], index[3]] == Reference(shape)[index])
      }
    }
  }

  @Test("Reshaping keeps row-major order")
  func reshaping() {
    everyTensor { reference, tensor, name in
      #expect(tensor.flattened().scalars == reference.values, "\(name)")
      let back = tensor.flattened().reshaped(to: tensor.shape)
      #expect(reference.matches(back), "\(name)")
      let folded = tensor.asRows()
      #expect(folded.shape == [tensor.shape.rowCount, tensor.shape.lastDimension], "\(name)")
      #expect(folded.scalars == reference.values, "\(name)")
      if tensor.elementCount > 0 {
        #expect(tensor.reshaped(to: [-1, 1]).shape == [tensor.elementCount, 1])
      }
    }
  }

  private func permutations(_ axes: [Int]) -> [[Int]] {
    axes.isEmpty
      ? [[]] : axes.flatMap { axis in permutations(axes.filter { $0 != axis }).map { [axis] + $0 } }
  }

  @Test("Transposing moves every element")
  func transposing() {
    everyTensor { reference, tensor, name in
      for order in permutations(Array(reference.shape.indices)) {
        let expected = Reference(order.map { reference.shape[$0] }) { index in
          var source = index
          for (to, from) in order.enumerated() { source[from] = index[to] }
          return reference[source]
        }
        #expect(expected.matches(tensor.transposed(order)), "\(name) \(order)")
      }
    }
  }

  @Test("Slicing takes a range of any axis")
  func slicing() {
    everyTensor(upToRank: 3) { reference, tensor, name in
      for (axis, size) in reference.shape.enumerated() {
        for start in 0...size {
          for end in start...size {
            var shape = reference.shape
            shape[axis] = end - start
            let expected = Reference(shape) { index in
              var source = index
              source[axis] += start
              return reference[source]
            }
            for position in [axis, axis - reference.shape.count] {
              let slice = tensor.sliced(start..<end, alongAxis: position)
              #expect(expected.matches(slice), "\(name) \(start)..<\(end) axis \(axis)")
            }
          }
        }
      }
    }
  }

  @Test("Axes of size 1 can be added and removed")
  func unitAxes() {
    everyTensor(upToRank: 3) { reference, tensor, name in
      for axis in 0...reference.shape.count {
        var shape = reference.shape
        shape.insert(1, at: axis)
        let expanded = tensor.expandingShape(at: axis)
        #expect(expanded.shape == Shape(shape) && expanded.scalars == reference.values, "\(name)")
        #expect(reference.matches(expanded.squeezingShape(at: axis)), "\(name)")
        #expect(
          tensor.expandingShape(at: axis - reference.shape.count - 1).shape == Shape(shape))
      }
    }
  }

  @Test("Broadcast views repeat elements without copying")
  func broadcasting() {
    for target in everyShape(upToRank: 3) {
      for source in everyShape(upToRank: 3) where Reference.broadcast(target, source) == target {
        let reference = Reference(source)
        for layout in Layout.allCases {
          let view = layout.tensor(reference).broadcast(to: Shape(target))
          let expected = Reference(target) { reference.broadcast($0) }
          #expect(expected.matches(view), "\(layout) \(source) to \(target)")
          let back = view.summed(to: Shape(source))
          let count = Float(target.reduce(1, *)) / Float(max(1, source.reduce(1, *)))
          #expect(Reference(source) { reference[$0] * count }.matches(back))
        }
      }
    }
  }

  @Test("Elements of the first axis are views")
  func firstAxis() {
    let tensor = Layout.sliced.tensor(Reference([3, 2, 2]))
    #expect(tensor.element(at: 1).scalars == [5, 6, 7, 8])
    #expect(tensor.element(at: 2).element(at: 1).element(at: 0).scalar == 11)
  }

  @Test("Concatenation joins along every axis")
  func concatenation() {
    for shape in everyShape(upToRank: 3) where !shape.isEmpty {
      for axis in shape.indices {
        for size in 0...2 {
          var other = shape
          other[axis] = size
          let a = Reference(shape)
          let b = Reference(other, first: 50)
          var joined = shape
          joined[axis] += size
          let expected = Reference(joined) { index in
            if index[axis] < shape[axis] { return a[index] }
            var source = index
            source[axis] -= shape[axis]
            return b[source]
          }
          for layout in Layout.allCases {
            for position in [axis, axis - shape.count] {
              let result = Tensor.concatenated(
                [layout.tensor(a), Layout.transposed.tensor(b)], alongAxis: position)
              #expect(expected.matches(result), "\(layout) \(shape) and \(other) axis \(axis)")
            }
          }
        }
      }
    }
    let stacked = Tensor.stacked([Tensor<Float>([1, 2]), Tensor<Float>([3, 4])])
    #expect(Reference([2, 2]).matches(stacked))
  }

  @Test("Empty tensors of different shapes differ")
  func emptyTensors() {
    #expect(Tensor<Float>.zeros([2, 0]) != Tensor<Float>.zeros([0, 2]))
  }
}
