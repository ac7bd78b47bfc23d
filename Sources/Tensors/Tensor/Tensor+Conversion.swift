internal import CKernels

extension Tensor where Scalar: RealScalar {
  /// The elements as another floating-point type, rounded to nearest.
  public func converted<Target: RealScalar>(to type: Target.Type) -> Tensor<Target> {
    if let same = self as? Tensor<Target> { return same }
    return withPointer { x in
      Tensor<Target>(unsafeUninitializedShape: shape) { out in
        let target = out.baseAddress!
        switch (x, target) {
        case (let x as UnsafePointer<Float>, let y as UnsafeMutablePointer<Double>):
          loqt_f32_to_f64(x, y, elementCount)
        case (let x as UnsafePointer<Double>, let y as UnsafeMutablePointer<Float>):
          loqt_f64_to_f32(x, y, elementCount)
        default:
          for i in 0..<elementCount { target[i] = Target(x[i]) }
        }
      }
    }
  }
}

extension Tensor where Scalar: BinaryInteger {
  /// The elements as floating-point numbers, rounded to nearest.
  public func converted<Target: RealScalar>(to type: Target.Type) -> Tensor<Target> {
    Tensor<Target>(scalars.map { Target($0) }, shape: shape)
  }
}

extension Tensor where Scalar: BinaryInteger {
  /// The elements as another integer type. Traps on a number that it cannot hold.
  public func converted<Target: TensorScalar & FixedWidthInteger>(to type: Target.Type)
    -> Tensor<Target>
  {
    Tensor<Target>(scalars.map { Target($0) }, shape: shape)
  }
}

extension Tensor where Scalar: RealScalar {
  /// The elements rounded toward zero. Traps on NaN and on a number that the type cannot hold.
  public func converted<Target: TensorScalar & FixedWidthInteger>(to type: Target.Type)
    -> Tensor<Target>
  {
    Tensor<Target>(scalars.map { Target($0) }, shape: shape)
  }
}

extension Tensor where Scalar == Bool {
  /// 1 where true, 0 where false.
  public func converted<Target: TensorScalar & Numeric>(to type: Target.Type) -> Tensor<Target> {
    Tensor<Target>(scalars.map { $0 ? 1 : 0 }, shape: shape)
  }
}
