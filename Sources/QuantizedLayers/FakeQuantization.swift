public import Quantization

/// How numbers become few levels in simulated quantisation of 1 to 8 bits: the computation stays in
/// float, as if the levels were stored.
///
/// The gradient passes as if nothing had been rounded (straight-through estimator, Bengio et al.,
/// arXiv 1308.3432), but for elements beyond the outermost level of those that clip.
public enum FakeQuantization: Hashable, Sendable {
  /// Whole numbers of 2 to 8 bits (asymmetric: 1 to 8) at equal distances, as `AffineScheme` finds
  /// them in each group; nothing clips.
  case uniform(
    bits: Int, symmetry: AffineScheme.Symmetry = .symmetric,
    grouping: AffineScheme.Grouping = .row)
  /// -a, 0 and a: 0 where |x| is at most 0.7 of its mean, a the mean |x| of the others (Ternary
  /// weight networks, Li et al., arXiv 1605.04711).
  case ternary(grouping: AffineScheme.Grouping = .row)
  /// -a and a, the mean |x| with the sign of the element, that of 0 being positive (XNOR-Net,
  /// Rastegari et al., arXiv 1603.05279, binary weights).
  case binary(grouping: AffineScheme.Grouping = .row)
  /// Weights of 1 to 8 bits as in DoReFa-Net (Zhou et al., arXiv 1606.06160, section 2.3): tanh x over
  /// its largest magnitude, which counts as a constant, rounded to 2^bits levels from -1 to 1.
  case doReFaWeights(bits: Int)
  /// Activations of 1 to 8 bits as in DoReFa-Net: x clipped to 0...1, rounded to 2^bits levels.
  case doReFaActivations(bits: Int)
  /// Whole numbers of 2 to 8 bits (unsigned: 1 to 8) times a step that is learned (LSQ, Esser et al.,
  /// arXiv 1902.08153); elements beyond the ends clip.
  case learnedStep(bits: Int, isSigned: Bool = true)

  /// Bits an element; those of ternary numbers are two.
  public var bits: Int {
    switch self {
    case .uniform(let bits, _, _), .doReFaWeights(let bits), .doReFaActivations(let bits),
      .learnedStep(let bits, _):
      bits
    case .ternary: 2
    case .binary: 1
    }
  }

  /// The least number of bits with which the method has two levels.
  var leastBits: Int {
    switch self {
    case .uniform(_, .symmetric, _), .learnedStep(_, isSigned: true), .ternary: 2
    default: 1
    }
  }
}
