public import Quantization

/// A method of simulated quantisation to 1 to 8 bits: numbers are rounded to the levels of a format, but
/// computation stays in float.
///
/// The gradient passes as if nothing had been rounded (straight-through estimator, Bengio et al.,
/// arXiv 1308.3432), except for elements that a clipping method clips.
public enum FakeQuantization: Hashable, Sendable {
  /// Uniform levels of 2 to 8 bits (asymmetric: 1 to 8), with the scale that `AffineScheme` finds for
  /// each group; nothing clips.
  case uniform(
    bits: Int, symmetry: AffineScheme.Symmetry = .symmetric,
    grouping: AffineScheme.Grouping = .row)
  /// The levels -a, 0 and a: 0 if |x| is at most 0.7 of its mean, with a the mean |x| of the other
  /// elements (Ternary weight networks, Li et al., arXiv 1605.04711).
  case ternary(grouping: AffineScheme.Grouping = .row)
  /// The levels -a and a: the mean |x| with the sign of the element, where 0 counts as positive
  /// (XNOR-Net, Rastegari et al., arXiv 1603.05279, binary weights).
  case binary(grouping: AffineScheme.Grouping = .row)
  /// Weights of 1 to 8 bits as in DoReFa-Net (Zhou et al., arXiv 1606.06160, section 2.3): tanh x divided
  /// by its largest magnitude, a constant for gradients, rounded to 2^bits levels from -1 to 1.
  case doReFaWeights(bits: Int)
  /// Activations of 1 to 8 bits as in DoReFa-Net: x clipped to 0...1, rounded to 2^bits levels.
  case doReFaActivations(bits: Int)
  /// Integers of 2 to 8 bits (unsigned: 1 to 8) times a learned step (LSQ, Esser et al., arXiv
  /// 1902.08153); elements beyond the range clip.
  case learnedStep(bits: Int, isSigned: Bool = true)

  /// Bits per element; 2 for ternary numbers.
  public var bits: Int {
    switch self {
    case .uniform(let bits, _, _), .doReFaWeights(let bits), .doReFaActivations(let bits),
      .learnedStep(let bits, _):
      bits
    case .ternary: 2
    case .binary: 1
    }
  }

  /// The fewest bits that the method supports.
  var leastBits: Int {
    switch self {
    case .uniform(_, .symmetric, _), .learnedStep(_, isSigned: true), .ternary: 2
    default: 1
    }
  }
}
