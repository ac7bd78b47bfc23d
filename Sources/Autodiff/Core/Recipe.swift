import Tensors

/// How to compute a value again that operations did not keep.
///
/// Computed at the first use; kept from there to the last, so that operations that share the value
/// share the work.
final class Recipe {
  /// Uses to come.
  var uses = 0
  private let compute: () -> AnyTensor
  private var computed: AnyTensor?

  init(_ compute: @escaping () -> AnyTensor) { self.compute = compute }

  /// A value that is stored in 16 bits: widened again rather than kept. Nil for any other.
  convenience init?(widening value: AnyTensor) {
    guard value.isHalf else { return nil }
    self.init { .float(value.widened(to: Float.self)) }
  }

  /// The value, for one of the uses.
  func value() -> AnyTensor {
    let value = computed.take() ?? compute()
    uses -= 1
    if uses > 0 { computed = value }
    return value
  }
}
