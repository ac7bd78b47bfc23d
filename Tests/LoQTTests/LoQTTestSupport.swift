import Autodiff
import Layers
import LoQT
import Optimizers
import Quantization
import TestSupport
import Tensors

/// mean((y - target)²) over all elements.
func meanSquaredError(_ y: Variable, _ target: Tensor<Float>) -> Variable {
  square(y - Variable(target)).mean()
}

/// A module with a single LoQT layer.
struct SingleLayer: Module {
  let layer: LoQTLinear
}

/// A LoQT layer of each side and a dense head, `[tokens, 12]` to `[tokens, 4]`.
struct SmallModel: Module {
  let left, right: LoQTLinear
  let head: Linear

  init(_ configuration: LoQTConfiguration, seed: UInt64 = 1) {
    func layer(_ out: Int, _ input: Int, _ seed: UInt64) -> LoQTLinear {
      LoQTLinear(
        weight: gaussian([out, input], seed: seed, deviation: 0.3),
        bias: gaussian([out], seed: seed + 50), configuration: configuration,
        random: RandomSource(seed: seed))
    }
    left = layer(20, 12, seed)
    right = layer(10, 20, seed + 1)
    head = Linear(weight: gaussian([4, 10], seed: seed + 2), bias: gaussian([4], seed: seed + 3))
  }

  func callAsFunction(_ x: Variable) -> Variable { head(silu(right(silu(left(x))))) }

  /// The loss on random data: 32 tokens, enough for every rank.
  func loss(_ seed: Int, tokens: Int = 32) -> Variable {
    meanSquaredError(
      self(Variable(gaussian([tokens, 12], seed: 1_000 + UInt64(seed)))),
      gaussian([tokens, 4], seed: 2_000 + UInt64(seed)))
  }

  /// The bits of everything that training changes.
  var bits: [String: [UInt32]] {
    var result: [String: [UInt32]] = [:]
    for (name, parameter) in namedParameters() {
      result[name] = parameter.tensor.scalars.map(\.bitPattern)
    }
    walk { name, content in
      guard case .state(let state) = content else { return }
      switch state {
      case .float(let tensor): result[name] = tensor.scalars.map(\.bitPattern)
      case .bytes(let tensor): result[name] = tensor.scalars.map(UInt32.init)
      case .integers, .deferred: break
      }
    }
    return result
  }
}

/// `nf4_double`, `nf4` or `float` of the fixtures.
func weightFormat(_ name: String) -> WeightFormat {
  switch name {
  case "nf4_double": .nf4()
  case "nf4": .nf4(doubleQuantized: false)
  default: .float32
  }
}

extension StoredMatrix {
  /// The packed codes; nil for a dense matrix.
  var codes: Tensor<UInt8>? { parts.bytes["codes"] }
}

extension LoQTLinear {
  /// P with its columns, `[in, r]` or `[out, r]`, dequantised.
  var basis: Tensor<Float>? {
    let p = projection?.dequantized()
    return side == .left ? p?.transposed() : p
  }
}

func gaussian(_ shape: Shape, seed: UInt64, deviation: Float = 1) -> Tensor<Float> {
  var source = RandomSource(seed: seed)
  return .normal(shape, standardDeviation: deviation, using: &source)
}

/// Orthonormal columns spanning random directions.
func orthonormal(_ size: Int, _ rank: Int, seed: UInt64) throws -> Tensor<Float> {
  try qr(gaussian([size, rank], seed: seed)).q
}

/// The largest deviation of PᵀP from the identity.
func orthonormalityError(_ p: Tensor<Float>) -> Double {
  maxDifference(matmul(p.transposed(), p), .identity(p.shape[1]))
}

/// Adam that shows a test every update before it happens.
final class WatchedAdam: Optimizer {
  let inner: AdamW
  var beforeUpdate: (Parameter, Tensor<Float>, Float) -> Void = { _, _, _ in }

  init(_ inner: AdamW = AdamW(learningRate: .constant(0.01))) { self.inner = inner }

  var learningRate: LearningRateSchedule {
    get { inner.learningRate }
    set { inner.learningRate = newValue }
  }
  func update(
    _ parameter: Parameter, _ gradient: consuming Tensor<Float>, step: Int, gradientScale: Float
  ) {
    beforeUpdate(parameter, gradient, gradientScale)
    inner.update(parameter, gradient, step: step, gradientScale: gradientScale)
  }
  func reparameterize(_ parameter: Parameter, by change: BasisChange) {
    inner.reparameterize(parameter, by: change)
  }
  func reset(_ parameter: Parameter) { inner.reset(parameter) }
  var stateByteCount: Int { inner.stateByteCount }
  func state(of parameter: Parameter) -> TensorParts { inner.state(of: parameter) }
  func restore(_ state: TensorParts, of parameter: Parameter) throws(OptimizerError) {
    try inner.restore(state, of: parameter)
  }
}
