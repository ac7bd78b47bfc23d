import Quantization
import Tensors

/// The initial values of an adapter layer.
struct AdapterStart {
  var weight: StoredMatrix?
  var up: Tensor<Float>
  var down: Tensor<Float>

  init(
    of matrix: Tensor<Float>, _ configuration: AdapterConfiguration, rank: Int,
    random: RandomSource
  ) {
    let (out, input) = (matrix.shape[0], matrix.shape[1])
    var source = random.split("adapter")
    func decomposed(_ matrix: Tensor<Float>) -> (up: Tensor<Float>, down: Tensor<Float>) {
      // A matrix that is zero or not finite cannot be decomposed.
      guard let svd = try? truncatedSVD(of: DenseOperator(matrix), rank: rank, using: &source)
      else { return (.zeros([out, rank]), Self.randomDown([rank, input], using: &source)) }
      let roots = sqrt(svd.singularValues)
      return (svd.u * roots, svd.vt * roots.expandingShape(at: 1))
    }
    switch configuration.base {
    case .none:
      (up, down) = decomposed(matrix)
    case .frozen(let format), .merged(let format, _):
      weight = StoredMatrix(storing: matrix, as: format)
      up = .zeros([out, rank])
      down = Self.randomDown([rank, input], using: &source)
    case .alternating(let format, let steps):
      let root = configuration.scale.squareRoot()
      up = .zeros([out, rank])
      down = Self.randomDown([rank, input], using: &source)
      var stored = StoredMatrix(storing: matrix, as: format)
      for step in 0..<steps {
        if step > 0 {
          var left = matrix.copied()
          left.addProduct(up, down, scale: -configuration.scale)
          stored = StoredMatrix(storing: left, as: format)
        }
        (up, down) = decomposed(matrix - stored.dequantized())
        up *= 1 / root
        down *= 1 / root
      }
      weight = stored
    }
  }

  /// Uniform values between ± 1 / sqrt(in), as in the published LoRA code.
  static func randomDown(_ shape: Shape, using source: inout RandomSource) -> Tensor<Float> {
    let bound = 1 / Float(max(1, shape[1])).squareRoot()
    return .uniform(shape, low: -bound, high: bound, using: &source)
  }
}
