public import Autodiff
public import Quantization
public import Tensors

/// AdamW whose moments take a byte an element (Dettmers et al., 8-bit Optimizers via Block-wise
/// Quantization, arXiv 2110.02861): first moments in the signed 8-bit dynamic map, second moments in
/// the unsigned one, with a float scale for each block.
///
/// A step updates in float32, moves the parameter, and then stores the moments as the nearest codes.
/// Parameters of fewer than 4096 elements keep float32 moments, as in `AdamW`.
///
/// A second moment below 3e-7 of the largest of its block is stored as 0. An element whose gradient
/// then vanishes moves by its first moment over epsilon; so embeddings, with their rows of zero
/// gradient, are better left to `AdamW`.
public final class AdamW8bit: Optimizer {
  /// Parameters of fewer elements keep float32 moments.
  public static let smallestElementCount = 4096

  /// The learning rate at each step.
  public var learningRate: LearningRateSchedule {
    get { plain.learningRate }
    set { plain.learningRate = newValue }
  }
  /// Decay rates of the first and second moments.
  public var betas: (first: Double, second: Double) { plain.betas }
  /// Added to the root of the second moment.
  public var epsilon: Double { plain.epsilon }
  /// Decoupled weight decay, as a share of the learning rate.
  public var weightDecay: Double { plain.weightDecay }
  /// Elements that share a scale.
  public let blockSize: Int

  private struct State {
    var step = 0
    var first: Int8BlockTensor
    var second: Int8BlockTensor
  }
  private var states = ParameterTable<State>()
  /// Has the numbers, and trains small parameters.
  private let plain: AdamW

  /// An optimizer that remembers nothing yet. The defaults are those of Adam's paper; blocks of 256
  /// are what bitsandbytes has, of 2048 what its earlier releases had. Traps unless `blockSize` is a
  /// power of two from 32 to 4096.
  public init(
    learningRate: LearningRateSchedule, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Double = 1e-8, weightDecay: Double = 0, blockSize: Int = 256
  ) {
    precondition(
      blockSize >= 32 && blockSize <= 4096 && blockSize.nonzeroBitCount == 1,
      "AdamW8bit: block size \(blockSize) is not a power of two from 32 to 4096")
    self.blockSize = blockSize
    plain = AdamW(
      learningRate: learningRate, betas: betas, epsilon: epsilon, weightDecay: weightDecay)
  }

  private func isSmall(_ parameter: Parameter) -> Bool {
    parameter.shape.elementCount < Self.smallestElementCount
  }

  /// One step on one parameter.
  public func update(
    _ parameter: Parameter, _ gradient: consuming Tensor<Float>, step: Int, gradientScale: Float = 1
  ) {
    if isSmall(parameter) {
      return plain.update(parameter, gradient, step: step, gradientScale: gradientScale)
    }
    // Out of the table, so that the moments are changed in place.
    var state =
      states.remove(parameter)
      ?? TensorMemory.counting(as: .optimizer) {
        State(
          first: Int8BlockTensor(zeros: parameter.shape, map: .signed, blockSize: blockSize),
          second: Int8BlockTensor(zeros: parameter.shape, map: .unsigned, blockSize: blockSize))
      }
    state.step += 1
    let adam = plain.numbers(step: step, update: state.step, gradientScale: gradientScale)
    let gradient = gradient
    parameter.change(step: step) {
      adam.update(&$0, gradient, &state.first, &state.second)
    } halves: {
      adam.update(&$0, gradient, &state.first, &state.second, rounding: &$1)
    }
    states[parameter] = state
  }

  /// Keeps, forgets, carries over or prunes the moments; what changes is quantised again.
  public func reparameterize(_ parameter: Parameter, by change: BasisChange) {
    if isSmall(parameter) { return plain.reparameterize(parameter, by: change) }
    switch change {
    case .keep: break
    case .reset: reset(parameter)
    case .project, .prune:
      guard var state = states.remove(parameter) else { return }
      let first = state.first.dequantized()
      state.first = quantized(change.applied(to: first, order: 1, first: first), .signed)
      state.second = quantized(
        change.applied(to: state.second.dequantized(), order: 2, first: first), .unsigned)
      states[parameter] = state
    }
  }

  private func quantized(_ moments: Tensor<Float>, _ map: DynamicMap) -> Int8BlockTensor {
    let moments = Int8BlockTensor(quantizing: moments, map: map, blockSize: blockSize)
    moments.count(as: .optimizer)
    return moments
  }

  /// Forgets a parameter's moments and step count.
  public func reset(_ parameter: Parameter) {
    states[parameter] = nil
    plain.reset(parameter)
  }

  /// Bytes of all moments with their scales.
  public var stateByteCount: Int {
    plain.stateByteCount
      + states.values.reduce(0) { $0 + $1.first.byteCount + $1.second.byteCount }
  }

  /// `step`; and of each moment the codes with the scale of each block: `first_codes`, `first_absmax`,
  /// `second_codes`, `second_absmax`. A small parameter's is that of `AdamW`. Empty when nothing is
  /// remembered.
  public func state(of parameter: Parameter) -> TensorParts {
    if isSmall(parameter) { return plain.state(of: parameter) }
    guard let state = states[parameter] else { return TensorParts() }
    return TensorParts(
      bytes: [
        "first_codes": state.first.codes.reshaped(to: state.first.shape),
        "second_codes": state.second.codes.reshaped(to: state.second.shape),
      ],
      floats: [
        "step": Tensor(Float(state.step)), "first_absmax": state.first.absmax,
        "second_absmax": state.second.absmax,
      ])
  }

  /// Takes over what `state(of:)` gave; an empty state forgets. Throws when it does not fit: also
  /// when the blocks had another size.
  public func restore(_ state: TensorParts, of parameter: Parameter)
    throws(OptimizerError)
  {
    if isSmall(parameter) { return try plain.restore(state, of: parameter) }
    if state.isEmpty { return reset(parameter) }
    guard let step = state.floats["step"], step.elementCount == 1,
      let count = Int(exactly: step.scalar),
      count >= 0, let first = moments("first", .signed, state, parameter.shape),
      let second = moments("second", .unsigned, state, parameter.shape)
    else {
      throw OptimizerError(
        "AdamW8bit state of \(parameter.name): expected a count step, and first and second as "
          + "bytes of shape \(parameter.shape) with a finite scale for each block of "
          + "\(blockSize); found \(state.shapes)")
    }
    for moments in [first, second] { moments.count(as: .optimizer) }
    states[parameter] = State(step: count, first: first, second: second)
  }

  private func moments(
    _ name: String, _ map: DynamicMap, _ state: TensorParts, _ shape: Shape
  ) -> Int8BlockTensor? {
    guard let codes = state.bytes[name + "_codes"], codes.shape == shape,
      let absmax = state.floats[name + "_absmax"]
    else { return nil }
    return try? Int8BlockTensor(
      shape: shape, map: map, blockSize: blockSize,
      parts: TensorParts(bytes: ["codes": codes], floats: ["absmax": absmax]))
  }
}
