internal import Synchronization
public import Tensors

/// A tensor that is read again at each use, so that the matrices of a model larger than memory need not
/// be in memory together.
public final class DeferredTensor: Sendable {
  /// The sizes of its axes.
  public let shape: Shape
  private let read: @Sendable () throws -> Tensor<Float>
  private let firstFailure = Mutex<(any Error)?>(nil)

  /// A tensor of a known shape that `read` returns.
  public init(shape: Shape, read: @escaping @Sendable () throws -> Tensor<Float>) {
    self.shape = shape
    self.read = read
  }

  /// The tensor. If it cannot be read, every element is NaN and `failure` holds the error, since layers
  /// cannot throw in the middle of a forward pass.
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

  /// The first error in reading; nil if there was none.
  public var failure: (any Error)? { firstFailure.withLock { $0 } }
}
