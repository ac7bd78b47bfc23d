import Autodiff
import Tensors
import Testing

@Suite struct PoolingTests {
  /// Image, window, stride, padding.
  static let cases: [(Size2D, Size2D, Size2D, Size2D)] = [
    (1, 1, 1, 0), (2, 2, 2, 0), (3, 2, 1, 0), (4, 2, 2, 0), (5, 2, 2, 0), (5, 3, 2, 0),
    (5, 3, 1, 1),
    (4, 3, 3, 1), (6, 4, 2, 2), (Size2D(3, 5), 2, 1, 0), (Size2D(5, 3), Size2D(3, 1), 1, 0),
    (Size2D(1, 6), Size2D(1, 2), Size2D(1, 2), 0), (Size2D(6, 1), Size2D(2, 1), Size2D(2, 1), 0),
    (4, Size2D(4, 2), Size2D(1, 3), Size2D(2, 1)), (7, 3, Size2D(4, 3), 1), (3, 3, 3, 0),
    (2, 2, 1, 1),
    (Size2D(2, 7), Size2D(2, 3), 2, Size2D(0, 1)), (5, 1, 2, 0), (6, 5, 1, 2),
  ]

  @Test("Poolings have the gradients of central differences", arguments: cases.indices)
  func gradients(_ index: Int) {
    let (image, window, stride, padding) = Self.cases[index]
    for channels in 1...2 {
      let shape: Shape = [2, channels, image.height, image.width]
      expectGradients([shape]) {
        maxPooling2D($0[0], window: window, stride: stride, padding: padding)
      }
      expectGradients([shape]) {
        averagePooling2D($0[0], window: window, stride: stride, padding: padding)
      }
    }
  }

  @Test("Poolings equal PyTorch's")
  func golden() throws {
    for test in try goldenCases("max_pooling_", in: "layers") {
      try test.expect("x") {
        maxPooling2D(
          $0[0], window: test.size("window"), stride: test.size("stride"),
          padding: test.size("padding"))
      }
    }
    for test in try goldenCases("average_pooling_", in: "layers") {
      try test.expect("x") {
        averagePooling2D(
          $0[0], window: test.size("window"), stride: test.size("stride"),
          padding: test.size("padding"))
      }
    }
    for test in try goldenCases("sequence_max_pooling_", in: "layers") {
      try test.expect("x") { maxPooling1D($0[0], window: 3, stride: 2, padding: 1) }
    }
    for test in try goldenCases("sequence_average_pooling_", in: "layers") {
      try test.expect("x") { averagePooling1D($0[0], window: 3, stride: 2, padding: 1) }
    }
  }

  @Test("Windows do not overlap unless a stride is given")
  func defaultStride() {
    let x = Variable(Tensor((0..<6).map(Float.init), shape: [1, 1, 6]))
    #expect(maxPooling1D(x, window: 2).tensor.scalars == [1, 3, 5])
    #expect(averagePooling1D(x, window: 3).tensor.scalars == [1, 4])
  }

  @Test("The first of equal elements gets the gradient, and NaN propagates")
  func ties() {
    let x = Parameter(.ones([1, 1, 4]))
    let gradients = valueAndGradients(of: maxPooling1D(Variable(x), window: 2).sum()).gradients
    #expect(gradients[x]?.scalars == [1, 0, 1, 0])
    let broken = Variable(Tensor([1, .nan, 2, 3], shape: [1, 1, 4]))
    let y = maxPooling1D(broken, window: 2).tensor.scalars
    #expect(y[0].isNaN && y[1] == 3)
  }

  @Test("Padding of more than half a window traps")
  func traps() async {
    await #expect(processExitsWith: .failure) {
      _ = maxPooling2D(Variable(.ones([1, 1, 4, 4])), window: 2, padding: 2)
    }
  }
}
