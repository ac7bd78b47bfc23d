import Autodiff
import TestSupport
import Tensors
import Testing

@Suite struct ConvolutionTests {
  /// An image, filters, and the placement of windows.
  struct Case: Sendable, CustomStringConvertible {
    var batch = 1, inputs = 1, outputs = 1
    var image: Size2D = 4
    var window: Size2D = 3
    var stride: Size2D = 1, padding: Size2D = 0, dilation: Size2D = 1
    var groups = 1

    var shapes: [Shape] {
      [
        [batch, inputs, image.height, image.width],
        [outputs, inputs / groups, window.height, window.width], [outputs],
      ]
    }
    func callAsFunction(_ x: [Variable]) -> Variable {
      convolution2D(
        x[0], x[1], bias: x.count > 2 ? x[2] : nil, stride: stride, padding: padding,
        dilation: dilation, groups: groups)
    }
    var description: String {
      "\(shapes) stride \(stride) padding \(padding) dilation \(dilation) groups \(groups)"
    }
  }

  static let cases = [
    Case(), Case(image: 3), Case(image: 1, window: 1), Case(batch: 2, inputs: 2, outputs: 3),
    Case(inputs: 3, outputs: 2, window: 1), Case(window: 1, stride: 2), Case(window: 1, padding: 1),
    Case(padding: 1), Case(padding: 2), Case(image: 5, stride: 2), Case(image: 5, stride: 3),
    Case(image: 6, dilation: 2), Case(image: Size2D(3, 6), window: Size2D(2, 4)),
    Case(image: Size2D(6, 2), window: Size2D(5, 1), stride: Size2D(1, 2)),
    Case(inputs: 2, outputs: 4, groups: 2), Case(batch: 2, inputs: 3, outputs: 3, groups: 3),
    Case(inputs: 4, outputs: 2, image: 3, window: 2, padding: 1, groups: 2),
    Case(image: 5, stride: 2, padding: 1, dilation: 2), Case(image: 2, window: 4, padding: 1),
    Case(batch: 3, inputs: 2, image: Size2D(1, 7), window: Size2D(1, 3), stride: 2, padding: 0),
    Case(image: 3, window: 2, stride: 1, padding: 3, dilation: Size2D(1, 3)),
  ]

  @Test("convolution2D has the gradients of central differences", arguments: cases)
  func gradients(_ test: Case) {
    expectGradients(test.shapes) { test($0) }
    expectGradients(Array(test.shapes.prefix(2))) { test($0) }
    let x = Variable(normal(test.shapes[0], seed: 5))
    expectGradients([test.shapes[1]]) { test([x, $0[0]]) }
    let weight = Variable(normal(test.shapes[1], seed: 5))
    expectGradients([test.shapes[0]]) { test([$0[0], weight]) }
  }

  /// Length, window, stride, padding, dilation.
  static let sequences: [[Int]] = [
    [1, 1, 1, 0, 1], [2, 1, 1, 0, 1], [3, 3, 1, 0, 1], [5, 3, 1, 1, 1], [5, 2, 2, 0, 1],
    [8, 3, 2, 0, 2], [4, 2, 3, 2, 1], [9, 4, 2, 3, 2], [7, 7, 1, 0, 1], [7, 7, 1, 3, 1],
    [1, 3, 1, 1, 1], [1, 5, 1, 2, 1], [6, 1, 3, 0, 1], [6, 2, 1, 0, 5], [10, 3, 4, 1, 1],
    [3, 2, 1, 4, 1], [5, 3, 5, 1, 1], [11, 2, 2, 2, 3], [4, 4, 1, 1, 1], [12, 5, 3, 2, 2],
  ]

  @Test("convolution1D has the gradients of central differences", arguments: sequences)
  func sequenceGradients(_ sizes: [Int]) {
    expectGradients([[2, 2, sizes[0]], [4, 1, sizes[1]], [4]]) {
      convolution1D(
        $0[0], $0[1], bias: $0[2], stride: sizes[2], padding: sizes[3], dilation: sizes[4],
        groups: 2)
    }
  }

  @Test("convolution2D equals PyTorch's")
  func golden() throws {
    for test in try goldenCases("convolution_", in: "layers") {
      let groups = Int(try #require(test.parameter("groups")))
      // Bias gradients are sums of a few hundred terms that nearly cancel.
      try test.expect("x", "weight", "bias", floor: 1) {
        convolution2D(
          $0[0], $0[1], bias: $0[2], stride: test.size("stride"), padding: test.size("padding"),
          dilation: test.size("dilation"), groups: groups)
      }
    }
  }

  @Test("convolution1D equals PyTorch's")
  func sequenceGolden() throws {
    for test in try goldenCases("sequence_convolution_", in: "layers") {
      func number(_ key: String) throws -> Int { Int(try #require(test.parameter(key))) }
      let (stride, padding) = (try number("stride"), try number("padding"))
      let (dilation, groups) = (try number("dilation"), try number("groups"))
      try test.expect("x", "weight") {
        convolution1D(
          $0[0], $0[1], stride: stride, padding: padding, dilation: dilation, groups: groups)
      }
    }
  }

  @Test("A batch larger than a thread's share gives the results of single images")
  func batch() {
    let x = normal([5, 8, 20, 20], seed: 1)
    let weight = Parameter(normal([16, 8, 3, 3], seed: 2))
    let whole = convolution2D(Variable(x), Variable(weight), padding: 1)
    var sum = Tensor<Float>.zeros(weight.shape)
    for i in 0..<5 {
      let one = convolution2D(Variable(x.sliced(i..<i + 1)), Variable(weight), padding: 1)
      // Products that are split differently may sum in a different order.
      #expect(relativeError(one.tensor, whole.tensor.sliced(i..<i + 1)) <= 1e-6)
      sum += valueAndGradients(of: square(one).sum()).gradients[weight]!
    }
    let gradient = valueAndGradients(of: square(whole).sum()).gradients[weight]!
    #expect(relativeError(gradient, sum) <= 1e-6)
  }

  @Test("Shapes that do not fit trap")
  func traps() async {
    await #expect(processExitsWith: .failure) {
      _ = convolution2D(Variable(.ones([1, 2, 4, 4])), Variable(.ones([1, 3, 3, 3])))
    }
    await #expect(processExitsWith: .failure) {
      _ = convolution2D(Variable(.ones([1, 2, 2, 4])), Variable(.ones([1, 2, 3, 3])))
    }
    await #expect(processExitsWith: .failure) {
      _ = convolution1D(Variable(.ones([1, 2, 4])), Variable(.ones([1, 2, 3])), groups: 2)
    }
  }
}
