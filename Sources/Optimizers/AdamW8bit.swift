public import Autodiff
public import Quantization
public import Tensors

/// AdamW with moments of one byte per element (Dettmers et al., 8-bit Optimizers via Block-wise
/// Quantization, arXiv 2110.02861): first moments in the signed 8-bit dynamic map, second moments in
/// the unsigned one, with a float scale for each block.
///
/// Each step updates the moments in float32, changes the parameter, and then stores the moments as the
/// nearest codes. Parameters of fewer than 4096 elements have float32 moments, as in `AdamW`.
///
/// A second moment below 3e-7 of the largest in its block is stored as 0. If an element's gradient then
/// vanishes, its step is its first moment over epsilon; so embeddings, with their rows of zero
/// gradient, are better left to `AdamW`.
public final class AdamW8bit: Optimizer {
  /// Parameters of fewer elements have float32 moments.
  public static let smallestElementCount = 4096

  /// The learning rate at each step.
  public var learningRate: LearningRateSchedule {
    get { plain.learningRate }
    set { plain.learningRate = newValue }
  }
  /// The decay rates of the first and second moments.
  public var betas: (first: Double, second: Double) { plain.betas }
  /// Added to the root of the second moment.
  public var epsilon: Double { plain.epsilon }
  /// The decoupled weight decay, relative to the learning rate.
  public var weightDecay: Double { plain.weightDecay }
  /// The number of elements that share a scale.
  public let blockSize: Int

  private struct State {
    var step = 0
    var first: Int8BlockTensor
    var second: Int8BlockTensor
  }
  private var states = ParameterTable<State>()
  /// Holds the constants, and updates small parameters.
  private let plain: AdamW

  /// A new optimizer. The defaults are those of the Adam paper; bitsandbytes uses blocks of 256, and its
  /// earlier releases used 2048. Traps unless `blockSize` is a power of two from 32 to 4096.
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

  /// Updates one parameter.
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

  /// Keeps, resets, projects or prunes the moments, and quantises changed ones again.
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

  /// Discards a parameter's moments and step count.
  public func reset(_ parameter: Parameter) {
    states[parameter] = nil
    plain.reset(parameter)
  }

  /// Bytes of all moments with their scales.
  public var stateByteCount: Int {
    plain.stateByteCount
      + states.values.reduce(0) { $0 + $1.first.byteCount + $1.second.byteCount }
  }

  /// `step`, and the codes and block scales of each moment: `first_codes`, `first_absmax`,
  /// `second_codes`, `second_absmax`. For a small parameter the state of `AdamW`. Empty if there is no
  /// state.
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

  /// Restores a saved state; an empty one resets the parameter. Throws if it does not fit, which includes
  /// blocks of another size.
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
