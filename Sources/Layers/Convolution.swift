public import Autodiff
public import Tensors

/// The correlation of images with trained filters; see `convolution2D`.
public struct Convolution2D: Layer {
  /// The filters, `[out, in / groups, height, width]`.
  public let weight: Parameter
  /// The bias of each channel, `[out]`; nil for none.
  public let bias: Parameter?
  /// Pixels from one window to the next.
  public let stride: Size2D
  /// Zeros around the image.
  public let padding: Size2D
  /// Pixels from one element of a window to the next.
  public let dilation: Size2D
  /// The number of groups of channels that are convolved separately.
  public let groups: Int

  /// A layer from `inputs` to `outputs` channels. Traps unless `groups` divides both.
  public init(
    _ inputs: Int, _ outputs: Int, window: Size2D, stride: Size2D = 1, padding: Size2D = 0,
    dilation: Size2D = 1, groups: Int = 1, bias: Bool = true,
    initializer: Initializer = .uniformFanIn, using builder: LayerBuilder
  ) {
    precondition(
      groups > 0 && inputs % groups == 0 && outputs % groups == 0,
      "Convolution2D: \(groups) groups do not divide \(inputs) and \(outputs) channels")
    weight = Parameter(
      builder.tensor([outputs, inputs / groups, window.height, window.width], initializer))
    self.bias = bias ? Parameter(.zeros([outputs])) : nil
    (self.stride, self.padding) = (stride, padding)
    (self.dilation, self.groups) = (dilation, groups)
  }

  /// x `[batch, in, height, width]` to `[batch, out, h, w]`. Traps on other shapes.
  public func callAsFunction(_ x: Variable) -> Variable {
    convolution2D(
      x, Variable(weight), bias: bias.map { Variable($0) }, stride: stride, padding: padding,
      dilation: dilation, groups: groups)
  }
}

/// The correlation of sequences with trained filters; see `convolution1D`.
public struct Convolution1D: Layer {
  /// The filters, `[out, in / groups, window]`.
  public let weight: Parameter
  /// The bias of each channel, `[out]`; nil for none.
  public let bias: Parameter?
  /// Positions from one window to the next.
  public let stride: Int
  /// Zeros on either side of the sequence.
  public let padding: Int
  /// Positions from one element of a window to the next.
  public let dilation: Int
  /// The number of groups of channels that are convolved separately.
  public let groups: Int

  /// A layer from `inputs` to `outputs` channels. Traps unless `groups` divides both.
  public init(
    _ inputs: Int, _ outputs: Int, window: Int, stride: Int = 1, padding: Int = 0,
    dilation: Int = 1, groups: Int = 1, bias: Bool = true,
    initializer: Initializer = .uniformFanIn, using builder: LayerBuilder
  ) {
    precondition(
      groups > 0 && inputs % groups == 0 && outputs % groups == 0,
      "Convolution1D: \(groups) groups do not divide \(inputs) and \(outputs) channels")
    weight = Parameter(builder.tensor([outputs, inputs / groups, window], initializer))
    self.bias = bias ? Parameter(.zeros([outputs])) : nil
    (self.stride, self.padding) = (stride, padding)
    (self.dilation, self.groups) = (dilation, groups)
  }

  /// x `[batch, in, length]` to `[batch, out, l]`. Traps on other shapes.
  public func callAsFunction(_ x: Variable) -> Variable {
    convolution1D(
      x, Variable(weight), bias: bias.map { Variable($0) }, stride: stride, padding: padding,
      dilation: dilation, groups: groups)
  }
}
