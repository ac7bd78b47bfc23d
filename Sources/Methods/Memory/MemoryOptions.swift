public import Autodiff

/// How a run trades memory for time and precision.
public struct MemoryOptions: Sendable, Hashable, Codable {
  /// When parameters are updated.
  public enum Updates: String, Sendable, Hashable, Codable, CaseIterable {
    /// Each parameter is updated the moment its gradient is complete, except in steps that need all
    /// gradients together: with clipping, with micro-batches, and at a merge, whose report measures the
    /// loss before anything else changes.
    case automatic
    /// Each parameter is updated the moment its gradient is complete, in every step; the loss after a
    /// merge is not measured.
    case perLayer
    /// All gradients are held until the backward pass is over.
    case collected
  }

  /// How B, embedding, head, dense matrices and collected gradients are held.
  public var storage = ParameterStorage.float32
  /// Whether only each block's input is kept, and the block recomputed in the backward pass.
  public var checkpointsActivations = false
  /// When parameters are updated.
  public var updates = Updates.automatic
  /// The global norm that gradients are clipped to; nil for no clipping.
  public var clippingNorm: Double?

  /// Single precision, everything kept, updates as soon as possible.
  public init() {}

  /// Throws an `InputError` for options that contradict each other.
  package func check(microBatches: Int) throws(InputError) {
    if let norm = clippingNorm { _ = try checkedPositive(norm, "--clipping-norm", such: "1") }
    guard updates == .perLayer else { return }
    if clippingNorm != nil {
      throw InputError(
        "--clipping-norm needs all gradients at once, which --per-layer-updates never holds. Leave one "
          + "of them out.")
    }
    if microBatches > 1 {
      throw InputError(
        "--micro-batches \(microBatches) adds gradients up, which --per-layer-updates never holds. "
          + "Leave one of them out.")
    }
  }

  /// Whether every step collects its gradients.
  package func collects(microBatches: Int) -> Bool {
    updates == .collected || clippingNorm != nil || microBatches > 1
  }

  /// The options that differ from the defaults, as text for people.
  package var settings: [(String, String)] {
    var rows: [(String, String)] = []
    if storage != .float32 { rows.append(("storage", storage.rawValue)) }
    if checkpointsActivations { rows.append(("activations", "recomputed")) }
    switch updates {
    case .automatic: break
    case .perLayer: rows.append(("updates", "per layer"))
    case .collected: rows.append(("updates", "after the backward pass"))
    }
    if let clippingNorm { rows.append(("clipping norm", "\(clippingNorm)")) }
    return rows
  }
}
