internal import CKernels

/// The kernels of Fourier transforms of one scalar type; see `loqt_kernels.h`.
struct FourierKernels<Scalar: RealScalar>: Sendable {
  typealias In = UnsafePointer<Scalar>
  typealias Out = UnsafeMutablePointer<Scalar>

  let roots: @Sendable (Int, Out) -> Void
  let pass: @Sendable (Int32, Int, Int, Int, Int, Int, In, In, In, Out, Out) -> Void
  let multiply: @Sendable (In, In, Out, Out, Int) -> Void
  let splitPairs: @Sendable (In, Out, Out, Int) -> Void
  let joinPairs: @Sendable (In, In, Out, Int) -> Void
  let realFromHalf: @Sendable (Int, In, In, In, Out, Out) -> Void
  let halfFromReal: @Sendable (Int, In, In, In, Out, Out) -> Void
}

extension FourierKernels<Float> {
  fileprivate static let float = FourierKernels(
    roots: loqt_roots_of_unity_f32, pass: loqt_fft_pass_f32, multiply: loqt_multiply_complex_f32,
    splitPairs: loqt_split_pairs_f32, joinPairs: loqt_join_pairs_f32,
    realFromHalf: loqt_real_from_half_f32, halfFromReal: loqt_half_from_real_f32)
}

extension FourierKernels<Double> {
  fileprivate static let double = FourierKernels(
    roots: loqt_roots_of_unity_f64, pass: loqt_fft_pass_f64, multiply: loqt_multiply_complex_f64,
    splitPairs: loqt_split_pairs_f64, joinPairs: loqt_join_pairs_f64,
    realFromHalf: loqt_real_from_half_f64, halfFromReal: loqt_half_from_real_f64)
}

extension RealScalar {
  static var fourier: FourierKernels<Self> {
    if let kernels = FourierKernels<Float>.float as? FourierKernels<Self> { return kernels }
    return FourierKernels<Double>.double as! FourierKernels<Self>
  }
}
