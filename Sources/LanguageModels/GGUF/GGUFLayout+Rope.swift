internal import Autodiff
internal import JSON
internal import TensorFiles
internal import Tensors

/// How GGUF files tell the scaling of rotary frequencies: linear and yarn by keys, Llama 3's by a tensor
/// with what each frequency is divided by.
extension GGUFFields {
  /// `rope_scaling` of a `config.json`; nil for none.
  func ropeScaling(headSize: Int) throws(TensorFileError) -> JSONValue? {
    if has(GGUFLayout.ropeDivisors) { return try scalingByDivisors(headSize: headSize) }
    for kind in ["long", "short"] where has("rope_factors_\(kind).weight") {
      throw TensorFileError(
        .unsupported, file: file.path, field: "tensor 'rope_factors_\(kind).weight'",
        found: "rotary frequencies of two lengths (longrope)",
        expected: "none, linear, yarn, or those of Llama 3")
    }
    let type = try optionalString("rope.scaling.type") ?? "none"
    func factor() throws(TensorFileError) -> Double {
      guard let factor = try optionalNumber("rope.scaling.factor") else {
        throw unsupported("rope.scaling.factor", "no such key", "a number with '\(type)'")
      }
      return factor
    }
    switch type {
    case "none": return nil
    case "linear": return ["rope_type": "linear", "factor": .number(try factor())]
    case "yarn":
      let factor = try factor()
      var json: JSONObject = ["rope_type": "yarn", "factor": .number(factor)]
      if let original = try optionalInteger("rope.scaling.original_context_length") {
        json["original_max_position_embeddings"] = .integer(original)
      }
      if let share = try optionalNumber("rope.scaling.attn_factor"), factor > 0 {
        json["attention_factor"] = .number(share * RotaryScaling.magnitude(factor: factor))
      }
      for name in ["beta_fast", "beta_slow"] {
        json[name] = try optionalNumber("rope.scaling.yarn_\(name)").map { .number($0) }
      }
      return .object(json)
    default: throw unsupported("rope.scaling.type", "'\(printable(type))'", "none, linear or yarn")
    }
  }

  /// Llama 3's constants that give the divisors of the file's tensor. They follow from any two frequencies
  /// that are neither kept nor divided whole, up to a common factor, by convention 1 for the lower.
  private func scalingByDivisors(headSize: Int) throws(TensorFileError) -> JSONValue {
    let name = GGUFLayout.ropeDivisors
    let shape: Shape = [headSize / 2]
    let divisors = try file.floats(named: name, shape: shape).scalars.map { Double($0) }
    let base = try optionalNumber("rope.freq_base") ?? 10_000
    let frequencies = RotaryTable<Double>.frequencies(headSize: headSize, base: base)
    let factor = divisors.max() ?? 1
    func llamas(low: Double, high: Double, positions: Int) -> [Double] {
      let scaling = RotaryScaling.llama3(
        factor: factor, low: low, high: high, originalPositions: positions)
      return zip(frequencies.scalars, scaling.scaled(frequencies, base: base).scalars).map(/)
    }
    // What is kept of a frequency is a linear function of the turns a position makes.
    let between = zip(frequencies.scalars, divisors).compactMap { frequency, divisor in
      divisor > 1.001 && divisor < factor * 0.999
        ? (turns: frequency / (2 * .pi), kept: (1 / divisor - 1 / factor) / (1 - 1 / factor)) : nil
    }
    var candidates = [(high: 4.0, positions: 8_192)]
    if let first = between.first {
      // With the usual 4 for the higher.
      candidates.append((4, Int(((first.kept * 3 + 1) / first.turns).rounded())))
      if let last = between.last, last.turns != first.turns, last.kept < first.kept {
        let slope = (first.kept - last.kept) / (first.turns - last.turns)
        let span = 1 / (slope * first.turns - first.kept)
        candidates.append((1 + span, Int((slope * span).rounded())))
      }
    }
    for (high, positions) in candidates
    where high > 1 && high.isFinite && positions > 0 && factor.isFinite && factor >= 1 {
      let close = zip(llamas(low: 1, high: high, positions: positions), divisors).allSatisfy {
        abs($0 - $1) <= 1e-3 * $0
      }
      guard close else { continue }
      return [
        "rope_type": "llama3", "factor": .number(factor), "low_freq_factor": 1.0,
        "high_freq_factor": .number(high), "original_max_position_embeddings": .integer(positions),
      ]
    }
    throw TensorFileError(
      .unsupported, file: file.path, field: "tensor '\(name)'",
      found: "divisors of rotary frequencies by no known rule", expected: "those of Llama 3")
  }
}

extension GGUFLayout {
  /// The tensor of the divisors.
  static let ropeDivisors = "rope_freqs.weight"
}

extension GGUFDecoderMetadata {
  /// Linear and yarn scaling; Llama 3's is a tensor, for architectures that have it.
  mutating func set(_ scaling: RotaryScaling) throws(TensorFileError) {
    switch scaling {
    // Up to the model's own length dynamic scaling changes nothing.
    case .none, .dynamic: break
    case .linear(let factor):
      self[text: "rope.scaling.type"] = "linear"
      self[number: "rope.scaling.factor"] = factor
    case .llama3:
      guard architecture == GGUFLayout.llama.architecture else {
        throw unsupported("rope_scaling", "'llama3'", "none, 'linear' or 'yarn'")
      }
    case .yarn(let factor, let positions, let fast, let slow, let magnitude, let isTruncated):
      guard isTruncated else { throw unsupported("truncate", "false", "true") }
      self[text: "rope.scaling.type"] = "yarn"
      self[number: "rope.scaling.factor"] = factor
      self["rope.scaling.original_context_length"] = positions
      self[number: "rope.scaling.attn_factor"] =
        magnitude / RotaryScaling.magnitude(factor: factor)
      self[number: "rope.scaling.yarn_beta_fast"] = fast
      self[number: "rope.scaling.yarn_beta_slow"] = slow
    }
  }
}

extension DecoderConfiguration {
  /// What each rotary frequency is divided by, `[headSize / 2]`, where GGUF files hold it.
  var ropeDivisors: Tensor<Float>? {
    guard case .llama3 = ropeScaling else { return nil }
    let frequencies = RotaryTable<Double>.frequencies(headSize: headSize, base: ropeTheta)
    let scaled = ropeScaling.scaled(frequencies, base: ropeTheta)
    return Tensor(zip(frequencies.scalars, scaled.scalars).map { Float($0 / $1) })
  }
}
