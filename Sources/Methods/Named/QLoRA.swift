internal import Quantization

extension TrainingMethod {
  /// A trained low-rank update beside frozen 4-bit matrices (Dettmers et al., arXiv 2305.14314).
  public static let qlora = lowRankUpdate(
    "qlora", "QLoRA", "frozen 4-bit matrices with a trained low-rank update", besides: .nf4())
}
