import Tensors
import Testing

struct RearrangingTests {
  @Test("Flipping, rolling and moving axes follow the indices")
  func flippingAndRolling() {
    everyTensor(upToRank: 3) { reference, tensor, name in
      let sizes = reference.shape
      for axis in sizes.indices {
        let flipped = Reference(sizes) { index in
          var source = index
          source[axis] = sizes[axis] - 1 - index[axis]
          return reference[source]
        }
        #expect(flipped.matches(tensor.flipped(alongAxes: [axis - sizes.count])), "\(name) \(axis)")
        for distance in -4...4 {
          let rolled = Reference(sizes) { index in
            var source = index
            source[axis] = (index[axis] - distance + 6 * sizes[axis]) % sizes[axis]
            return reference[source]
          }
          #expect(
            rolled.matches(tensor.rolled(by: distance, alongAxis: axis)),
            "\(name) \(axis) \(distance)")
        }
        for target in sizes.indices {
          var order = Array(sizes.indices)
          order.insert(order.remove(at: axis), at: target)
          #expect(
            tensor.movingAxis(axis, to: target) == tensor.transposed(order),
            "\(name) \(axis) \(target)")
        }
      }
      let all = tensor.flipped(alongAxes: Array(sizes.indices))
      #expect(all.scalars == reference.values.reversed(), "\(name)")
      // A view with negative strides is an operand like any other.
      #expect((all + all).scalars == reference.values.reversed().map { 2 * $0 }, "\(name)")
    }
  }

  @Test("Splitting undoes concatenation")
  func splitting() {
    everyTensor(upToRank: 3) { reference, tensor, name in
      for axis in reference.shape.indices {
        let size = reference.shape[axis]
        for first in 0...size {
          let parts = tensor.split(sizes: [first, 0, size - first], alongAxis: axis)
          #expect(parts.map { $0.shape[axis] } == [first, 0, size - first], "\(name)")
          #expect(reference.matches(.concatenated(parts, alongAxis: axis)), "\(name)")
        }
        guard size > 0 else { continue }
        let rows = tensor.split(into: size, alongAxis: axis)
        #expect(rows.count == size && rows.allSatisfy { $0.shape[axis] == 1 }, "\(name)")
        #expect(reference.matches(.concatenated(rows, alongAxis: axis)), "\(name)")
      }
    }
  }

  @Test("Tiling repeats and padding surrounds")
  func tilingAndPadding() {
    everyTensor(upToRank: 2) { reference, tensor, name in
      let sizes = reference.shape
      for counts in [[], [2], [0, 2], [3, 1], [2, 1, 3]] {
        let rank = max(sizes.count, counts.count)
        let own = Array(repeating: 1, count: rank - sizes.count) + sizes
        let times = Array(repeating: 1, count: rank - counts.count) + counts
        let expected = Reference(zip(own, times).map { $0 * $1 }) { index in
          reference[Array(zip(index, own).map { $0 % $1 }.suffix(sizes.count))]
        }
        #expect(expected.matches(tensor.tiled(counts)), "\(name) \(counts)")
      }
      let widths = sizes.indices.map { (before: $0, after: 2 - $0) }
      let expected = Reference(sizes.map { $0 + 2 }) { index in
        let source = zip(index, widths).map { $0 - $1.before }
        return zip(source, sizes).allSatisfy { $0 >= 0 && $0 < $1 } ? reference[source] : -1
      }
      #expect(expected.matches(tensor.padded(widths, with: -1)), "\(name)")
    }
  }
}
