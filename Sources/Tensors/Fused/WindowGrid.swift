/// A height and a width; an integer stands for both.
public struct Size2D: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  /// A size of its two parts.
  public init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  /// The same height and width.
  public init(integerLiteral value: Int) { self.init(value, value) }

  /// `3x5`.
  public var description: String { "\(height)x\(width)" }
}

/// How the windows of a convolution or pooling lie over an image.
package struct WindowGrid: Sendable {
  package let input, window, stride, padding, dilation: Size2D
  /// The number of windows down and across.
  package let output: Size2D

  /// Windows that begin every `stride` pixels of an image with `padding` zeros around it, with
  /// their elements `dilation` pixels apart. Traps if not even one fits.
  package init(
    _ name: StaticString, over input: Size2D, window: Size2D, stride: Size2D, padding: Size2D,
    dilation: Size2D = 1
  ) {
    func count(_ size: KeyPath<Size2D, Int>) -> Int {
      let (step, reach) = (stride[keyPath: size], dilation[keyPath: size])
      let (length, room) = (window[keyPath: size], padding[keyPath: size])
      let free = input[keyPath: size] + 2 * room - reach * (length - 1) - 1
      precondition(
        step > 0 && reach > 0 && length > 0 && room >= 0 && free >= 0,
        """
        \(name): windows \(window) with stride \(stride), padding \(padding) and dilation \
        \(dilation) do not fit an image \(input)
        """)
      return free / step + 1
    }
    (self.input, self.window, self.stride) = (input, window, stride)
    (self.padding, self.dilation) = (padding, dilation)
    output = Size2D(count(\.height), count(\.width))
  }

  /// The number of pixels of an image.
  package var inputCount: Int { input.height * input.width }
  /// The number of windows.
  package var outputCount: Int { output.height * output.width }
  /// The number of elements of a window.
  package var windowCount: Int { window.height * window.width }

  /// Whether every window is one pixel and every pixel a window: then an image is its own columns.
  var isIdentity: Bool { window == 1 && stride == 1 && padding == 0 }

  /// The output columns whose window element `column` lies inside the image.
  func columns(of column: Int) -> Range<Int> {
    let shift = column * dilation.width - padding.width
    let first = shift >= 0 ? 0 : (-shift + stride.width - 1) / stride.width
    let last = input.width - 1 - shift
    let end = last < 0 ? 0 : last / stride.width + 1
    return min(first, output.width)..<max(min(first, output.width), min(end, output.width))
  }

  /// The input row of window element `row` in output row `y`; outside the image if it lies in the
  /// padding.
  func inputRow(_ y: Int, _ row: Int) -> Int {
    y * stride.height - padding.height + row * dilation.height
  }
}
