import Tensors
import Testing

@Suite struct ComponentsTests {
  /// The principal directions of points, by eigenvectors of their covariance and by singular vectors.
  @Test func `principal components by two ways are the same`() throws {
    var source = RandomSource(seed: 7)
    let spread: Tensor<Float> = [[3, 0, 0], [1, 1, 0], [0, 0.5, 0.2]]
    let x = matmul(Tensor<Float>.normal([100, 3], using: &source), spread)
    let centred = x - x.mean(alongAxes: [0])
    let covariance = matmul(centred.transposed(), centred) / 99
    let components = try symmetricEigen(covariance)
    let low = try truncatedSVD(of: DenseOperator(centred), rank: 2, using: &source)
    for place in 0..<2 {
      let value = components.values[2 - place].scalar
      let other = low.singularValues[place].scalar
      #expect(abs(other * other / 99 / value - 1) < 1e-4)
      let cosine = components.vectors[.all, 2 - place].dot(low.vt[place, .all])
      #expect(abs(abs(cosine) - 1) < 1e-4)
    }
  }
}
