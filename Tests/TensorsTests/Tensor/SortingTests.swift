import Tensors
import Testing

struct SortingTests {
  /// A tensor with repeated values, whose order along any axis is not that of its elements.
  private func shuffled(_ shape: [Int]) -> Reference {
    Reference(shape) { index in
      Float(index.enumerated().reduce(3) { ($0 * 5 + $1.element * (7 + $1.offset)) % 4 })
    }
  }

  @Test("Sorting is stable along every axis in every layout")
  func stability() {
    for shape in everyShape(upToRank: 3) {
      let reference = shuffled(shape)
      for layout in Layout.allCases {
        let tensor = layout.tensor(reference)
        for axis in shape.indices {
          for direction in [SortDirection.ascending, .descending] {
            var expected: [[Int]: [Int]] = [:]
            for index in Reference.indices(shape) where index[axis] == 0 {
              let line = (0..<shape[axis]).map { i -> Float in
                var source = index
                source[axis] = i
                return reference[source]
              }
              expected[index] = line.indices.sorted {
                line[$0] == line[$1]
                  ? $0 < $1 : (line[$0] < line[$1]) == (direction == .ascending)
              }
            }
            let order = Reference(shape) { index in
              var start = index
              start[axis] = 0
              return Float(expected[start]![index[axis]])
            }
            let found = tensor.argsort(alongAxis: axis - shape.count, direction)
            #expect(order.matches(found.converted(to: Float.self)), "\(layout) \(shape) \(axis)")
            let sorted = tensor.sorted(alongAxis: axis, direction)
            #expect(sorted == tensor.takingAlongAxis(axis, at: found), "\(layout) \(shape) \(axis)")
            for count in 0...shape[axis] where direction == .descending {
              let top = tensor.topK(count, alongAxis: axis)
              #expect(top.indices == found.sliced(0..<count, alongAxis: axis))
              #expect(top.values == sorted.sliced(0..<count, alongAxis: axis))
            }
            guard shape[axis] > 0 else { continue }
            let first = found.sliced(0..<1, alongAxis: axis).squeezingShape(at: axis)
            let extreme =
              direction == .ascending
              ? tensor.argmin(squeezingAxis: axis) : tensor.argmax(squeezingAxis: axis)
            #expect(extreme == first, "\(layout) \(shape) \(axis) \(direction)")
          }
        }
      }
    }
  }

  @Test("NaN comes last and is every extremum")
  func nanOrder() {
    let a = Tensor<Double>([3, .nan, -.infinity, .nan, 5])
    #expect(a.argsort().scalars == [2, 0, 4, 1, 3])
    #expect(a.argsort(.descending).scalars == [4, 0, 2, 1, 3])
    #expect(a.argmax(squeezingAxis: 0).scalar == 1)
    #expect(a.argmin(squeezingAxis: 0).scalar == 1)
  }

  @Test("Long rows of every type sort")
  func longRows() {
    var source = RandomSource(seed: 2)
    let values = (0..<5000).map { _ in Int64.random(in: -900...900, using: &source) }
    #expect(Tensor(values).sorted().scalars == values.sorted())
    #expect(
      Tensor(values.map(Double.init)).sorted(.descending).scalars
        == values.map(Double.init).sorted(by: >))
    let bytes = values.map { UInt8(truncatingIfNeeded: $0) }
    #expect(Tensor(bytes).sorted().scalars == bytes.sorted())
  }

  /// Against a comparison that also looks at the places: both zeros are equal, and NaN to itself.
  private func expectStable<Scalar: TensorScalar & Comparable>(_ values: [Scalar]) {
    func isNaN(_ x: Scalar) -> Bool { !(x == x) }
    for direction in [SortDirection.ascending, .descending] {
      let expected = values.indices.sorted { i, j in
        let (a, b) = (values[i], values[j])
        if isNaN(a) || isNaN(b) { return isNaN(a) == isNaN(b) ? i < j : isNaN(b) }
        if a == b { return i < j }
        return direction == .ascending ? a < b : b < a
      }
      #expect(Tensor(values).argsort(direction).scalars == expected.map { Int32($0) })
    }
  }

  @Test("Equal elements of long rows keep their order")
  func equalsInLongRows() {
    var source = RandomSource(seed: 3)
    for count in [511, 512, 513, 3000] {
      let whole = (0..<count).map { _ in Int64.random(in: -700...700, using: &source) }
      let wide = (0..<count).map { _ in Int64.random(in: .min ... .max, using: &source) }
      let tiny = Double.leastNonzeroMagnitude
      let special: [Double] = [.nan, -.nan, .infinity, -.infinity, 0, -0.0, tiny, -tiny, 1e300]
      let real = whole.map { Swift.abs($0) < 9 ? special[Int(Swift.abs($0))] : Double($0) / 8 }
      expectStable(whole)
      expectStable(wide)
      expectStable(whole.map { Int32($0) })
      expectStable(wide.map { Int32(truncatingIfNeeded: $0) })
      expectStable(real)
      expectStable(real.map { Float($0) })
      expectStable(wide.map { Double(bitPattern: UInt64(bitPattern: $0)) })
      expectStable(wide.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) })
    }
  }
}
