import Tensors
import Testing

struct IntegerArithmeticTests {
  @Test("Operators are those of the elements, with broadcasting")
  func elementOperators() {
    let a: Tensor<Int32> = [[7, -8], [9, 10]]
    let b: Tensor<Int32> = [2, -3]
    #expect(a + b == [[9, -11], [11, 7]])
    #expect(a - b == [[5, -5], [7, 13]])
    #expect(a * b == [[14, 24], [18, -30]])
    #expect(a / b == [[3, 2], [4, -3]])
    #expect(a.transposed() + 1 == [[8, 10], [-7, 11]])
    let large = Tensor<Int64>([1 << 40, -(1 << 41)])
    #expect((large * 3).scalars == [3 << 40, -(3 << 41)])
    #expect(large.sum() == -(1 << 40))
    #expect(large.maximum() == 1 << 40 && large.minimum() == -(1 << 41))
  }

  @Test("Overflow traps")
  func overflow() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Int32>([Int32.max]) + 1
    }
    await #expect(processExitsWith: .failure) { _ = Tensor<UInt8>([200]) * 2 }
    await #expect(processExitsWith: .failure) { _ = Tensor<Int32>([1]) / 0 }
  }

  @Test("The message names what ended the process")
  func trapMessages() async throws {
    func message(_ result: ExitTest.Result?) throws -> String {
      String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    }
    var result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Int32>([Int32.max]) + 1
    }
    #expect(try message(result).contains("+: 2147483647 and 1 give no Int32. Convert to a wider"))
    result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Int64>([7]) / 0
    }
    #expect(try message(result).contains("/: 7 is divided by zero"))
    result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Int32>([Int32.max, 1]).sum()
    }
    #expect(try message(result).contains("sum: 2147483647 and 1 give no Int32"))
  }

  @Test("Bytes are added as wider integers")
  func byteSums() {
    let bytes: Tensor<UInt8> = [[200, 100, 255], [1, 2, 3]]
    #expect(bytes.sum() == 561)
    #expect(bytes.sum(squeezingAxes: [1]) == Tensor<Int64>([555, 6]))
  }
}

struct IntegerConversionTests {
  @Test("Conversions keep the number or trap")
  func conversions() async {
    let a: Tensor<Int64> = [[1, -2], [300, 4]]
    #expect(a.transposed().converted(to: Int32.self) == [[1, 300], [-2, 4]])
    #expect(Tensor<Double>([1.9, -1.9]).converted(to: Int64.self) == [1, -1])
    #expect((a .> 1).converted(to: Float.self) == [[0, 0], [1, 1]])
    #expect((a .> 1).converted(to: Int32.self).sum() == 2)
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Int64>([300]).converted(to: UInt8.self)
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>([Float.nan]).converted(to: Int32.self)
    }
  }
}
