internal import Autodiff
internal import JSON
internal import TensorFiles

extension JSONDocument {
  /// The base and the scaling of rotary frequencies, from `rope_parameters`, or in older files from
  /// `rope_theta` and `rope_scaling`. `kind` selects a kind of blocks in files with several.
  func rope(maxPositions: Int, kind: String? = nil) throws(TensorFileError)
    -> (theta: Double, scaling: RotaryScaling)
  {
    let own = try positive("rope_theta", or: 10_000)
    for field in ["rope_parameters", "rope_scaling"] {
      guard var parameters = try optionalDocument(field) else { continue }
      if let kind, let inner = try parameters.optionalDocument(kind) { parameters = inner }
      return (
        try parameters.positive("rope_theta", or: own),
        try RotaryScaling(parameters, maxPositions: maxPositions)
      )
    }
    return (own, .none)
  }
}

extension RotaryScaling {
  fileprivate init(_ document: JSONDocument, maxPositions: Int) throws(TensorFileError) {
    let older = try document.optionalString("type")
    let type = try document.optionalString("rope_type") ?? older ?? "default"
    func factor() throws(TensorFileError) -> Double {
      let factor = try document.number("factor")
      guard factor >= 1, factor.isFinite else {
        throw document.unsupported("factor", "\(factor)", "a number of at least 1")
      }
      return factor
    }
    switch type {
    case "default": self = .none
    case "linear": self = .linear(factor: try factor())
    case "dynamic": self = .dynamic(factor: try factor())
    case "llama3":
      let low = try document.positive("low_freq_factor", or: 1)
      let high = try document.positive("high_freq_factor", or: 4)
      guard low < high else {
        throw document.unsupported("high_freq_factor", "\(high)", "more than \(low)")
      }
      self = .llama3(
        factor: try factor(), low: low, high: high,
        originalPositions: try document.size(
          "original_max_position_embeddings", or: maxPositions))
    case "yarn":
      let original = try document.size("original_max_position_embeddings", or: maxPositions)
      let given = try document.optionalNumber("factor")
      let factor = given == nil ? Double(maxPositions) / Double(original) : try factor()
      var magnitude = Self.magnitude(factor: factor)
      if let scale = try document.optionalNumber("mscale"), scale != 0,
        let all = try document.optionalNumber("mscale_all_dim"), all != 0
      {
        magnitude =
          Self.magnitude(factor: factor, scale: scale) / Self.magnitude(factor: factor, scale: all)
      }
      self = .yarn(
        factor: factor, originalPositions: original,
        fast: try document.positive("beta_fast", or: 32),
        slow: try document.positive("beta_slow", or: 1),
        magnitude: try document.positive("attention_factor", or: magnitude),
        isTruncated: try document.optionalBoolean("truncate") ?? true)
    default:
      throw document.unsupported(
        "rope_type", "'\(type)'", "'default', 'linear', 'dynamic', 'llama3' or 'yarn'")
    }
  }

  /// The members of `rope_scaling`; nil for none.
  var json: JSONObject? {
    switch self {
    case .none: nil
    case .linear(let factor): ["factor": .number(factor), "rope_type": "linear"]
    case .dynamic(let factor): ["factor": .number(factor), "rope_type": "dynamic"]
    case .llama3(let factor, let low, let high, let positions):
      [
        "factor": .number(factor), "high_freq_factor": .number(high),
        "low_freq_factor": .number(low), "original_max_position_embeddings": .integer(positions),
        "rope_type": "llama3",
      ]
    case .yarn(let factor, let positions, let fast, let slow, let magnitude, let isTruncated):
      [
        "attention_factor": .number(magnitude), "beta_fast": .number(fast),
        "beta_slow": .number(slow), "factor": .number(factor),
        "original_max_position_embeddings": .integer(positions), "rope_type": "yarn",
        "truncate": .boolean(isTruncated),
      ]
    }
  }
}
