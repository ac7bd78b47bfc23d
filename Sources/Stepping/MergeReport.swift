/// What a merge did to one layer.
public struct LayerMerge: Sendable, Hashable, Codable {
  /// The layer's dotted name.
  public var name: String
  /// ‖D‖ / ‖W‖ of the update D trained since the last merge; nil at the first merge, when B was not
  /// recorded, and when nothing was trained.
  public var relativeUpdate: Double?
  /// The share of D that the new effective weights retain; nil when `relativeUpdate` is nil.
  public var survival: Double?
  /// ‖D‖², the weight of this layer in a mean of survival shares; nil when `relativeUpdate` is nil.
  public var updateEnergy: Double?
  /// ‖W - W_q - s P B‖ / ‖W‖ after initialisation; nil when W_q did not change.
  public var relativeError: Double?
  /// Columns of P that the gradient determined: below r when the window has fewer tokens, 0 when P was
  /// not taken from it. Nil when P was not computed.
  public var effectiveRank: Int?
  /// ‖P_newᵀ P_old‖² / r; nil at the first merge.
  public var overlap: Double?
  /// The principal angles between the spaces of the new P and the old one; nil at the first merge.
  public var angles: PrincipalAngles?
  /// Bytes of W_q, P_q and B after the merge; nil when the layer did not change.
  public var byteCount: Int?
  /// Wall seconds.
  public var seconds = 0.0
  /// What the user should know, as a phrase to follow the layer's name: that it kept its projection, or
  /// that at its first merge the gradient determined fewer directions than the rank.
  public var note: String?

  /// A report that holds only the layer's name.
  public init(name: String) { self.name = name }

  /// A report filled in and timed by running `merge`.
  public static func timed(named name: String, _ merge: (inout LayerMerge) -> Void) -> LayerMerge {
    var report = LayerMerge(name: name)
    let clock = ContinuousClock()
    let (whole, atto) = clock.measure { merge(&report) }.components
    report.seconds = Double(whole) + Double(atto) * 1e-18
    return report
  }
}

/// What one merge step did to all layers.
public struct MergeReport: Sendable, Hashable, Codable {
  /// The step of the run.
  public var step: Int
  /// Each layer that was merged, in the order of the backward pass.
  public var layers: [LayerMerge]
  /// The step's loss before the merge.
  public var lossBefore: Double
  /// The loss of the same data right after the merge, before any other parameter changed; nil when not
  /// measured.
  public var lossAfter: Double?
  /// Wall seconds of all layers' merges.
  public var seconds: Double

  /// The share of all layers' updates that survived, weighted by their energy; nil at the first merge.
  public var survival: Double? {
    let parts = layers.compactMap { layer in
      layer.survival.flatMap { share in layer.updateEnergy.map { (share, $0) } }
    }
    let total = parts.reduce(0) { $0 + $1.1 }
    return total > 0 ? parts.reduce(0) { $0 + $1.0 * $1.1 } / total : nil
  }

  /// The median over the layers of the median angle between new and old P, in degrees; nil at the first
  /// merge.
  public var medianAngle: Double? {
    let angles = layers.compactMap(\.angles?.median).sorted()
    return angles.isEmpty ? nil : angles[angles.count / 2]
  }

  /// The mean of the layers' relative errors.
  public var relativeError: Double? { mean(layers.compactMap(\.relativeError)) }

  /// The mean of the layers' relative updates.
  public var relativeUpdate: Double? { mean(layers.compactMap(\.relativeUpdate)) }

  private func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
