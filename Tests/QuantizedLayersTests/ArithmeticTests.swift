import Autodiff
import Layers
import Quantization
import QuantizedLayers
import TestSupport
import Tensors
import Testing

@Suite struct ArithmeticTests {
  private func gaussian(_ shape: Shape, seed: UInt64) -> Tensor<Float> {
    var source = RandomSource(seed: seed)
    return .normal(shape, using: &source)
  }

  @Test func bothProductsOfAFrozenMatrixAreThoseInIntegers() throws {
    let w = StoredMatrix(storing: gaussian([48, 80], seed: 1), as: .nf4())
    let layer = QuantizedLinear(weight: w)
    layer.arithmetic = .int8
    let x = Parameter(gaussian([20, 80], seed: 2), name: "x")
    let d = gaussian([20, 48], seed: 3)
    let y = layer(Variable(x))
    #expect(y.tensor == matmulTransposed(x.tensor, w, arithmetic: .int8))
    #expect(y.tensor != matmulTransposed(x.tensor, w))
    var dx: Tensor<Float>?
    try backward(from: y, seed: .float(d)) { event in
      if case .dense(let parameter, let gradient) = event, parameter === x { dx = gradient.float }
    }
    #expect(dx == matmul(d, w, arithmetic: .int8))
  }

  /// 64 tokens are enough for adding the update to W to be the cheaper route in floats.
  @Test func theLowRankUpdateStaysInFloats() throws {
    let w = StoredMatrix(storing: gaussian([48, 80], seed: 1), as: .nf4())
    let up = Parameter(gaussian([48, 4], seed: 2), name: "up")
    let down = Parameter(gaussian([4, 80], seed: 3), name: "down")
    let x = Parameter(gaussian([64, 80], seed: 4), name: "x")
    let d = gaussian([64, 48], seed: 5)
    let product = LowRankProduct(
      weight: w, up: .trained, down: .trained, scale: 1e-3, arithmetic: .int8)
    let y = product(Variable(x), Variable(up), Variable(down))
    // A thousandth is below the steps of W in 8 bits, but not lost.
    let update = y.tensor - matmulTransposed(x.tensor, w, arithmetic: .int8)
    let expected =
      matmul(matmul(x.tensor, down.tensor.transposed()), up.tensor.transposed()) * 1e-3
    #expect(relativeError(update, expected) < 1e-3)
    var gradients: [String: Tensor<Float>] = [:]
    try backward(from: y, seed: .float(d)) { event in
      if case .dense(let parameter, let gradient) = event {
        gradients[parameter.name] = gradient.float
      }
    }
    let u = matmul(d, up.tensor)
    let dx = matmul(d, w, arithmetic: .int8) + matmul(u, down.tensor) * 1e-3
    #expect(relativeError(try #require(gradients["x"]), dx) < 1e-6)
    #expect(
      relativeError(
        try #require(gradients["down"]), matmul(u.transposed(), x.tensor) * 1e-3) < 1e-6)
  }

  @Test func aFactorySetsTheArithmeticOfItsLayers() throws {
    let w = gaussian([48, 64], seed: 1)
    let source = RandomSource(seed: 1)
    let packed = QuantizedLinearFactory().computing(in: .int8)
    let layer = packed.makeLinear(weight: w, bias: nil, random: source)
    #expect((layer as? QuantizedLinear)?.arithmetic == .int8)
    let trained = PackedLinearFactory(format: .nf4()).computing(in: .int8)
      .makeLinear(reading: DeferredTensor(shape: w.shape) { w }, bias: nil, random: source)
    #expect((trained as? PackedLinear)?.arithmetic == .int8)
    let dense = DenseLinearFactory().computing(in: .int8)
    #expect(dense.makeLinear(weight: w, bias: nil, random: source) is Linear)
    #expect(QuantizedLinearFactory().computing(in: .float) is QuantizedLinearFactory)
  }
}
