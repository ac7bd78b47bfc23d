import Tensors
import Testing

struct IndexingTests {
  @Test("Gathering takes rows in every layout")
  func gathering() {
    everyTensor(upToRank: 3) { reference, tensor, name in
      guard let rows = reference.shape.first else { return }
      let inner = reference.shape.dropFirst().reduce(1, *)
      for indices in [[0], [rows - 1, 0, rows - 1], []]
      where indices.allSatisfy({
        $0 >= 0 && $0 < rows
      }) {
        let index = Tensor<Int32>(indices.map(Int32.init))
        let expected = indices.flatMap { reference.values[$0 * inner..<($0 + 1) * inner] }
        let result = tensor.gatheringRows(at: index)
        #expect(result.shape.dimensions == [indices.count] + reference.shape.dropFirst(), "\(name)")
        #expect(result.scalars == expected, "\(name) \(indices)")
        let shaped = tensor.gatheringRows(at: index.reshaped(to: [indices.count, 1]))
        #expect(
          shaped.shape.dimensions == [indices.count, 1] + reference.shape.dropFirst(), "\(name)")
        #expect(shaped.scalars == expected, "\(name) \(indices)")
      }
    }
  }

  @Test("Scattering adds rows twice where an index repeats")
  func scattering() {
    everyTensor(upToRank: 3) { reference, tensor, name in
      guard let rows = reference.shape.first, rows > 0 else { return }
      let inner = reference.shape.dropFirst().reduce(1, *)
      let indices = [rows - 1, 0, rows - 1]
      let added = Reference([3] + reference.shape.dropFirst(), first: 10)
      var expected = reference.values
      for (row, target) in indices.enumerated() {
        for i in 0..<inner { expected[target * inner + i] += added.values[row * inner + i] }
      }
      for layout in Layout.allCases {
        var result = tensor
        result.scatterAdd(layout.tensor(added), at: Tensor(indices.map(Int32.init)))
        #expect(result.scalars == expected, "\(name) \(layout)")
        #expect(reference.matches(tensor), "\(name)")
      }
    }
  }

  @Test("Scattering is the transpose of gathering")
  func transposedGathering() {
    var source = RandomSource(seed: 1)
    let table = Tensor<Float>.normal([50, 33], using: &source)
    let index = Tensor<Int32>((0..<400).map { _ in Int32.random(in: 0..<50, using: &source) })
    let rows = Tensor<Float>.normal([400, 33], using: &source)
    var scattered = Tensor<Float>.zeros([50, 33])
    scattered.scatterAdd(rows, at: index)
    let left = table.gatheringRows(at: index).dot(rows)
    // Both are sums of 13,200 products near 1; the scatter adds 8 of them at a time in float.
    #expect(Swift.abs(left - table.dot(scattered)) < 13_200 * 8 * Double(Float.ulpOfOne))
  }
}
