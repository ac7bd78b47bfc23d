import Foundation
import Tensors
import Testing

@Suite struct ScalarMathTests {
  @Test("A number has the bits of a tensor of it")
  func sameBits() {
    for x in stride(from: 0.01, through: 3.2, by: 0.013) {
      let tensor = Tensor(x)
      #expect(ScalarMath.exp(x) == exp(tensor).scalar)
      #expect(ScalarMath.log(x) == log(tensor).scalar)
      #expect(ScalarMath.cos(x) == cos(tensor).scalar)
    }
  }

  /// Within some units in the last place of the C library.
  @Test("Functions agree with the C library's")
  func libraryFunctions() {
    for x in stride(from: 0.001, through: 1, by: 0.001) {
      #expect(abs(ScalarMath.log10(x) - Foundation.log10(x)) < 1e-14)
      #expect(abs(ScalarMath.arctangent(x) - atan(x)) < 1e-14)
    }
    #expect(ScalarMath.log10(0) == -.infinity && ScalarMath.log(-1).isNaN)
    #expect(ScalarMath.arctangent(0) == 0)
  }
}
