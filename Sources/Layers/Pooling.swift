public import Autodiff
public import Tensors

/// The largest element, or the mean, of each window; see `maxPooling2D` and `averagePooling2D`.
public struct Pooling2D: Layer {
  /// The function of a window.
  public enum Kind: Sendable, Hashable {
    /// The largest element.
    case max
    /// The mean.
    case average
  }

  /// The function of a window.
  public let kind: Kind
  /// The size of a window.
  public let window: Size2D
  /// Pixels from one window to the next.
  public let stride: Size2D
  /// Pixels around the image.
  public let padding: Size2D

  /// A layer whose windows are adjacent unless `stride` is given.
  public init(_ kind: Kind, window: Size2D, stride: Size2D? = nil, padding: Size2D = 0) {
    self.kind = kind
    self.window = window
    self.stride = stride ?? window
    self.padding = padding
  }

  /// x `[batch, channels, height, width]` to `[batch, channels, h, w]`. Traps on other shapes.
  public func callAsFunction(_ x: Variable) -> Variable {
    switch kind {
    case .max: maxPooling2D(x, window: window, stride: stride, padding: padding)
    case .average: averagePooling2D(x, window: window, stride: stride, padding: padding)
    }
  }
}

/// The largest element, or the mean, of each window of a sequence; see `maxPooling1D`.
public struct Pooling1D: Layer {
  /// The function of a window.
  public let kind: Pooling2D.Kind
  /// The size of a window.
  public let window: Int
  /// Positions from one window to the next.
  public let stride: Int
  /// Positions on either side of the sequence.
  public let padding: Int

  /// A layer whose windows are adjacent unless `stride` is given.
  public init(_ kind: Pooling2D.Kind, window: Int, stride: Int? = nil, padding: Int = 0) {
    self.kind = kind
    self.window = window
    self.stride = stride ?? window
    self.padding = padding
  }

  /// x `[batch, channels, length]` to `[batch, channels, l]`. Traps on other shapes.
  public func callAsFunction(_ x: Variable) -> Variable {
    switch kind {
    case .max: maxPooling1D(x, window: window, stride: stride, padding: padding)
    case .average: averagePooling1D(x, window: window, stride: stride, padding: padding)
    }
  }
}
