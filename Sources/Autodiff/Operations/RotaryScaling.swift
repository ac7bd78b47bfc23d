package import Tensors

/// How the frequencies of a rotary position embedding are changed, so that a model reads texts longer
/// than those it was first made for.
public enum RotaryScaling: Sendable, Hashable {
  /// They are not.
  case none
  /// All are divided by `factor` (Chen et al., 2023, arXiv 2306.15595).
  case linear(factor: Double)
  /// They are not up to the model's own length, and fall by a longer text's; models read no longer text
  /// here.
  case dynamic(factor: Double)
  /// Waves longer than `originalPositions / low` are divided by `factor`, those shorter than
  /// `originalPositions / high` are not, and those between by something between (Dubey et al., 2024,
  /// arXiv 2407.21783).
  case llama3(factor: Double, low: Double, high: Double, originalPositions: Int)
  /// Frequencies with fewer than `slow` turns in `originalPositions` are divided by `factor`, those with
  /// more than `fast` are not, and those between by something between; what is turned is multiplied
  /// with `magnitude` (Peng et al., 2023, arXiv 2309.00071).
  case yarn(
    factor: Double, originalPositions: Int, fast: Double = 32, slow: Double = 1,
    magnitude: Double, isTruncated: Bool = true)

  /// What turned queries and keys are multiplied with.
  var magnitude: Double {
    if case .yarn(_, _, _, _, let magnitude, _) = self { magnitude } else { 1 }
  }

  /// Yarn's magnitude for a factor.
  public static func magnitude(factor: Double, scale: Double = 1) -> Double {
    factor > 1 ? 0.1 * scale * ScalarMath.log(factor) + 1 : 1
  }

  /// The changed frequencies, `[headSize / 2]` radians a position.
  package func scaled(_ frequencies: Tensor<Double>, base: Double) -> Tensor<Double> {
    switch self {
    case .none, .dynamic: return frequencies
    case .linear(let factor): return frequencies / factor
    case .llama3(let factor, let low, let high, let positions):
      return Tensor(
        frequencies.scalars.map { frequency in
          // Turns in the original length: the inverse of the wave's share of it.
          let turns = Double(positions) * frequency / (2 * .pi)
          let kept = min(max((turns - low) / (high - low), 0), 1)
          return frequency * (kept + (1 - kept) / factor)
        })
    case .yarn(let factor, let positions, let fast, let slow, _, let isTruncated):
      let size = 2 * frequencies.elementCount
      // The place, in pairs of elements, whose frequency makes so many turns.
      func place(_ turns: Double) -> Double {
        Double(size) * ScalarMath.log(Double(positions) / (turns * 2 * .pi))
          / (2 * ScalarMath.log(base))
      }
      let first = max(isTruncated ? place(fast).rounded(.down) : place(fast), 0)
      let last = min(isTruncated ? place(slow).rounded(.up) : place(slow), Double(size - 1))
      let span = first == last ? 0.001 : last - first
      return Tensor(
        frequencies.scalars.enumerated().map { index, frequency in
          let divided = min(max((Double(index) - first) / span, 0), 1)
          return frequency * (1 - divided + divided / factor)
        })
    }
  }
}
