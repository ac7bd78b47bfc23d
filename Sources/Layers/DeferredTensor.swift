internal import Synchronization
public import Tensors

/// A tensor that is read anew each time it is wanted, so that the matrices of a model that is larger
/// than the memory need not be there together.
public final class DeferredTensor: Sendable {
  /// The sizes of its axes.
  public let shape: Shape
  private let read: @Sendable () throws -> Tensor<Float>
  private let firstFailure = Mutex<(any Error)?>(nil)

  /// A tensor of a known shape that `read` gives.
  public init(shape: Shape, read: @escaping @Sendable () throws -> Tensor<Float>) {
    self.shape = shape
    self.read = read
  }

  /// The tensor. Where it cannot be read every element is NaN and `failure` says why: the layers
  /// that want it in the middle of a forward pass have no other way to tell.
  public func tensor() -> Tensor<Float> {
    do {
      let tensor = try read()
      precondition(
        tensor.shape == shape, "DeferredTensor: announced as \(shape), read as \(tensor.shape)")
      return tensor
    } catch {
      firstFailure.withLock { $0 = $0 ?? error }
      return Tensor(repeating: .nan, shape: shape)
    }
  }

  /// Why reading failed, the first time that it did; nil when it never did.
  public var failure: (any Error)? { firstFailure.withLock { $0 } }
}
