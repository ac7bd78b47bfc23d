import Tensors
import Testing

/// The expected texts are what `str` of NumPy 2.4.6 gives for the same arrays.
struct DescriptionTests {
  private static let doubles: [String: [Double]] = [
    "[1.   2.5  3.25]": [1, 2.5, 3.25],
    "[ 0.1  0.2 -0.3]": [0.1, 0.2, -0.3],
    "[1.5e-05 1.0e+10]": [1.5e-5, 1e10],
    "[1.e-05 1.e+00]": [1e-5, 1],
    "[1.0000e+00 1.0005e+03]": [1, 1000.5],
    "[1.000e+00 1.001e+03]": [1, 1001],
    "[ 1.e+100 -1.e-005  0.e+000]": [1e100, -1e-5, 0],
    "[0.33333333 0.66666667]": [0.3333333333333333, 0.6666666666666666],
    "[ nan   1. -inf]": [.nan, 1, -.infinity],
    "[nan inf]": [.nan, .infinity],
    "[nan nan]": [-.nan, Double(nan: 5, signaling: false)],
    "[0. 0.]": [0, 0],
    "[1.23456789e+08]": [123_456_789],
    "[99999999.]": [99_999_999],
    "[0.00012346]": [0.00012345678912345],
    "[-0.  1.]": [-0.0, 1],
    "[0.05 0.5 ]": [0.05, 0.5],
    "[1.  0.5]": [0.999999999, 0.5],
  ]

  private static let floats: [String: [Float]] = [
    "[0.1 0.2]": [0.1, 0.2],
    "[  0.33333334 100.        ]": [0.33333334, 100],
    "[1.e+06]": [1e6],
    "[999999.]": [999_999],
    "[ 3.1415927 -2.7182817]": [3.1415927, -2.7182817],
    "[1.e-45 1.e+00]": [Float.leastNonzeroMagnitude, 1],
  ]

  @Test("Numbers print as NumPy's do")
  func printedNumbers() {
    for (text, values) in Self.doubles { #expect(Tensor(values).description == text) }
    for (text, values) in Self.floats { #expect(Tensor(values).description == text) }
  }

  @Test("Brackets nest and columns align")
  func brackets() {
    let a: Tensor<Double> = [[1, -2], [3, 4]]
    #expect(a.description == "[[ 1. -2.]\n [ 3.  4.]]")
    let b: Tensor<Double> = [[[1, 2], [3, 4]], [[5, 6], [7, 8.5]]]
    #expect(b.description == "[[[1.  2. ]\n  [3.  4. ]]\n\n [[5.  6. ]\n  [7.  8.5]]]")
    let c: Tensor<Int32> = [[1, -20], [300, 4]]
    #expect(c.description == "[[  1 -20]\n [300   4]]")
    #expect(Tensor<Int32>([7]).description == "[7]")
    #expect(Tensor<Float>(3).description == "3.0")
    #expect(Tensor<Float>.zeros([2, 0]).description == "[]")
    #expect(Tensor([true, false]).description == "[ true false]")
    #expect(Tensor<BFloat16>([1, 2.5]).transposed().description == "[1.  2.5]")
  }

  @Test("Long lines break and long axes are abbreviated")
  func longAxes() {
    let eighths = Tensor<Float>.range(from: 0, to: 30) / 8
    #expect(
      eighths.description == """
        [0.    0.125 0.25  0.375 0.5   0.625 0.75  0.875 1.    1.125 1.25  1.375
         1.5   1.625 1.75  1.875 2.    2.125 2.25  2.375 2.5   2.625 2.75  2.875
         3.    3.125 3.25  3.375 3.5   3.625]
        """)
    #expect(
      Tensor<Int32>.range(from: 0, to: 2000).reshaped(to: [2, 1000]).description == """
        [[   0    1    2 ...  997  998  999]
         [1000 1001 1002 ... 1997 1998 1999]]
        """)
    #expect(
      Tensor<Int64>.range(from: 0, to: 1001).description == "[   0    1    2 ...  998  999 1000]")
    let cube = Tensor<Int32>.range(from: 0, to: 1400).reshaped(to: [7, 100, 2]).description
    #expect(cube.hasPrefix("[[[   0    1]\n  [   2    3]\n  [   4    5]\n  ...\n  [ 194  195]"))
    #expect(cube.contains("  [ 598  599]]\n\n ...\n\n [[ 800  801]\n  [ 802  803]"))
  }
}
