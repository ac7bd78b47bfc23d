import Tensors

/// Recomputes a value that operations did not save.
///
/// The value is computed at the first use and kept until the last, so that operations that share it share
/// the work.
final class Recipe {
  /// The number of remaining uses.
  var uses = 0
  private let compute: () -> AnyTensor
  private var computed: AnyTensor?

  init(_ compute: @escaping () -> AnyTensor) { self.compute = compute }

  /// Widens a value stored in 16 bits again instead of saving the widened copy; nil for other values.
  convenience init?(widening value: AnyTensor) {
    guard value.isHalf else { return nil }
    self.init { .float(value.widened(to: Float.self)) }
  }

  /// The value, for one use.
  func value() -> AnyTensor {
    let value = computed.take() ?? compute()
    uses -= 1
    if uses > 0 { computed = value }
    return value
  }
}
