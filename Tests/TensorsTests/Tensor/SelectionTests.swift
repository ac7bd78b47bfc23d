import Tensors
import Testing

struct SelectionTests {
  private let pairs: [([Int], [Int])] = everyShape(upToRank: 2).flatMap { a in
    everyShape(upToRank: 2).compactMap { Reference.broadcast(a, $0) == nil ? nil : (a, $0) }
  }

  @Test("Comparisons are those of the elements")
  func comparisons() {
    for (a, b) in pairs {
      let x = Reference(a)
      let y = Reference(b, first: 4, step: -1)
      let shape = Reference.broadcast(a, b)!
      let indices = Reference.indices(shape)
      for layout in Layout.allCases {
        let (p, q) = (layout.tensor(x), layout.tensor(y))
        func check(_ mask: Tensor<Bool>, _ compare: (Float, Float) -> Bool) {
          #expect(mask.shape.dimensions == shape, "\(a) \(b)")
          let expected = indices.map { compare(x.broadcast($0), y.broadcast($0)) }
          #expect(mask.scalars == expected, "\(a) \(b)")
        }
        check(p .< q, <)
        check(p .<= q, <=)
        check(p .> q, >)
        check(p .>= q, >=)
        check(p .== q, ==)
        check(p .!= q, !=)
        check((p .< q) .| (p .> q), !=)
        check((p .<= q) .& (p .>= q), ==)
        check(.!(p .== q), !=)
        check((p .<= q) .^ (p .== q), <)
        let chosen = select(where: p .< q, p, otherwise: q)
        let smaller = Reference(shape) { min(x.broadcast($0), y.broadcast($0)) }
        #expect(smaller.matches(chosen), "\(a) \(b)")
      }
    }
    let nan: Tensor<Float> = [.init(floatLiteral: 1), .scalar(.nan)]
    #expect((nan .== nan).scalars == [true, false])
    #expect((nan .!= 1).scalars == [false, true])
  }

  @Test("Masks count, find and fill")
  func masks() {
    everyTensor(upToRank: 3) { reference, tensor, name in
      let mask = tensor .> 2
      let found = Reference.indices(reference.shape).filter { reference[$0] > 2 }
      #expect(mask.trueCount == found.count, "\(name)")
      #expect(mask.anyTrue == !found.isEmpty, "\(name)")
      #expect(mask.allTrue == (found.count == reference.values.count), "\(name)")
      #expect(mask.trueIndices().shape.dimensions == [found.count, reference.shape.count])
      #expect(mask.trueIndices().scalars == found.flatMap { $0.map(Int32.init) }, "\(name)")
      #expect(tensor.elements(where: mask).scalars == reference.values.filter { $0 > 2 }, "\(name)")
      var filled = tensor
      filled.fill(0, where: mask)
      #expect(filled.scalars == reference.values.map { $0 > 2 ? 0 : $0 }, "\(name)")
      #expect(reference.matches(tensor), "\(name)")
    }
  }

  @Test("Taking along an axis follows the indices")
  func takenElements() {
    everyTensor(upToRank: 3) { reference, tensor, name in
      let sizes = reference.shape
      for axis in sizes.indices where sizes[axis] > 0 {
        for count in [0, 1, 4] {
          var taken = sizes
          taken[axis] = count
          let places = Reference.indices(taken).map { Int32($0.reduce(1, +) % sizes[axis]) }
          let index = Tensor(places, shape: Shape(taken))
          let expected = Reference(taken) { target in
            var source = target
            source[axis] = target.reduce(1, +) % sizes[axis]
            return reference[source]
          }
          #expect(expected.matches(tensor.takingAlongAxis(axis, at: index)), "\(name) \(axis)")
        }
        var one = sizes.map { _ in 1 }
        one[axis] = 1
        let last = Tensor<Int32>([Int32(sizes[axis] - 1)], shape: Shape(one))
        let slice = tensor.sliced(sizes[axis] - 1..<sizes[axis], alongAxis: axis)
        #expect(tensor.takingAlongAxis(axis, at: last) == slice, "\(name) \(axis)")
      }
    }
  }

  @Test("Clamping keeps what is within the bounds")
  func clamping() {
    let a: Tensor<Float> = [-2, -1, 0.5, 3, 4]
    #expect(clamp(a, to: -1...3) == [-1, -1, 0.5, 3, 3])
    #expect(clamp(Tensor<Float>(.nan), to: 0...1).scalar.isNaN)
  }
}
