import Tensors
import Testing

struct ElementwiseTests {
  @Test("Differences broadcast every pair of shapes in every layout")
  func broadcasting() {
    let shapes = everyShape(upToRank: 3)
    for x in shapes {
      for y in shapes {
        guard let shape = Reference.broadcast(x, y) else {
          #expect(Shape(x).broadcast(with: Shape(y)) == nil)
          continue
        }
        let a = Reference(x)
        let b = Reference(y, first: 100, step: 7)
        let expected = Reference(shape) { a.broadcast($0) - b.broadcast($0) }
        for left in Layout.allCases {
          for right in Layout.allCases {
            let difference = left.tensor(a) - right.tensor(b)
            #expect(expected.matches(difference), "\(left) \(x) - \(right) \(y)")
          }
        }
      }
    }
  }

  @Test("Four axes broadcast against suffixes, columns and scalars")
  func fourAxes() {
    for x in everyShape(upToRank: 4, largest: 2) where x.count == 4 {
      for y in everyShape(upToRank: 4, largest: 2) {
        guard let shape = Reference.broadcast(x, y) else { continue }
        let a = Reference(x)
        let b = Reference(y, first: 2, step: 3)
        let expected = Reference(shape) { a.broadcast($0) * b.broadcast($0) }
        #expect(expected.matches(Layout.dense.tensor(a) * Layout.sliced.tensor(b)), "\(x) * \(y)")
        #expect(expected.matches(Layout.transposed.tensor(b) * Layout.sliced.tensor(a)))
      }
    }
  }

  @Test("Every operator computes its operation")
  func everyOperator() {
    let a = Tensor<Float>([-2, -1, 0, 1, 2, 3])
    let b = Tensor<Float>([4, -2, 1, 1, 8, 0.5])
    #expect((a + b).scalars == [2, -3, 1, 2, 10, 3.5])
    #expect((a - b).scalars == [-6, 1, -1, 0, -6, 2.5])
    #expect((a * b).scalars == [-8, 2, 0, 1, 16, 1.5])
    #expect((a / b).scalars == [-0.5, 0.5, 0, 1, 0.25, 6])
    #expect(minimum(a, b).scalars == [-2, -2, 0, 1, 2, 0.5])
    #expect(maximum(a, b).scalars == [4, -1, 1, 1, 8, 3])
    #expect((a + 1).scalars == [-1, 0, 1, 2, 3, 4])
    #expect((a - 1).scalars == [-3, -2, -1, 0, 1, 2])
    #expect((a * 2).scalars == [-4, -2, 0, 2, 4, 6])
    #expect((2 * a).scalars == [-4, -2, 0, 2, 4, 6])
    #expect((a / 2).scalars == [-1, -0.5, 0, 0.5, 1, 1.5])
    #expect((-a).scalars == [2, 1, 0, -1, -2, -3])
    #expect(abs(a).scalars == [2, 1, 0, 1, 2, 3])
    #expect(square(a).scalars == [4, 1, 0, 1, 4, 9])
    #expect(relu(a).scalars == [0, 0, 0, 1, 2, 3])
    #expect(sign(a).scalars == [-1, -1, 0, 1, 1, 1])
    #expect(floor(b / 2).scalars == [2, -1, 0, 0, 4, 0])
    #expect(ceil(b / 2).scalars == [2, -1, 1, 1, 4, 1])
    #expect(round(Tensor<Float>([0.5, 1.5, -2.5])).scalars == [0, 2, -2])
    #expect(sqrt(Tensor<Float>([0, 4, 9])).scalars == [0, 2, 3])
    #expect(pow(Tensor<Double>([2, 3]), Tensor([3, 2])).scalars == [8, 9])
  }

  @Test("Mapped operations take every layout")
  func mappedOperations() {
    everyTensor { reference, tensor, name in
      #expect(Reference(reference.shape) { -reference[$0] }.matches(-tensor), "\(name)")
    }
  }

  @Test("Updates in place equal the operation and leave sharers alone")
  func updates() {
    for shape in everyShape(upToRank: 3) {
      for other in everyShape(upToRank: 3) where Reference.broadcast(shape, other) == shape {
        let a = Reference(shape)
        let b = Reference(other, first: 2, step: 3)
        let difference = Reference(shape) { a[$0] - b.broadcast($0) }
        for layout in Layout.allCases {
          let operand = layout.tensor(b)
          for isShared in [false, true] {
            var target = layout.tensor(a)
            let sharer = isShared ? target : nil
            target -= operand
            #expect(difference.matches(target), "\(layout) \(shape) -= \(other)")
            #expect(sharer.map(a.matches) ?? true)
          }
        }
      }
    }
  }

  @Test("An update with the tensor itself reads its old elements")
  func selfUpdate() {
    var a = Tensor<Float>([1, 2, 3])
    a += a
    #expect(a.scalars == [2, 4, 6])
    var b = Tensor<Float>(rows: [[1, 2], [3, 4]])
    b += b.transposed()
    #expect(b.scalars == [2, 5, 5, 8])
    var c = Tensor<Float>([1, 2, 3])
    c -= c.sliced(0..<1)
    #expect(c.scalars == [0, 1, 2])
  }

  @Test("scaleAdd combines two tensors")
  func combination() {
    everyTensor { reference, tensor, name in
      var sum = Tensor<Float>(repeating: 3, shape: tensor.shape)
      sum.scaleAdd(2, adding: -1, times: tensor)
      #expect(Reference(reference.shape) { 6 - reference[$0] }.matches(sum), "\(name)")
    }
  }

  @Test("Conversion keeps values in every layout")
  func conversion() {
    everyTensor { reference, tensor, name in
      let double = tensor.converted(to: Double.self)
      #expect(double.scalars == reference.values.map(Double.init), "\(name)")
      #expect(reference.matches(double.transposed().transposed().converted(to: Float.self)))
    }
    #expect(Tensor<Int32>([1, -2]).converted(to: Float.self).scalars == [1, -2])
  }
}
