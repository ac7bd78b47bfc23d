import CKernels
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension KernelTests {
  /// The float functions against the C library in double, over the whole range of floats.
  @Suite struct Accuracy {
    /// The distance in units in the last place of a float at `exact`.
    static func units(_ value: Float, from exact: Double) -> Double {
      let rounded = Float(exact)
      if value == rounded || value.isNaN && exact.isNaN { return 0 }
      guard value.isFinite && rounded.isFinite else { return .infinity }
      let place = max(abs(rounded), .leastNormalMagnitude).ulp
      return abs(Double(value) - exact) / Double(place)
    }

    static let functions: [(Int, Double, @Sendable (Double) -> Double)] = [
      (Int(LOQT_EXP), 1, { exp($0) }),
      (Int(LOQT_LOG), 1.5, { log($0) }),
      (Int(LOQT_TANH), 1.3, { tanh($0) }),
      (Int(LOQT_ERF), 2, { erf($0) }),
      (Int(LOQT_SIGMOID), 2.5, { $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0)) }),
      // Not vectorised: the C library's own float functions, within an ulp.
      (Int(LOQT_SIN), 1, { sin($0) }),
      (Int(LOQT_COS), 1, { cos($0) }),
      (Int(LOQT_SILU), 4, { $0 == -.infinity ? .nan : $0 / (1 + exp(-$0)) }),
    ]

    @Test(arguments: functions.indices)
    func functionsStayWithinTheirBudgetOverAllFloats(_ index: Int) {
      let (operation, budget, reference) = Self.functions[index]
      // A prime step meets every exponent, both signs, subnormals, infinities and NaN.
      var x = stride(from: UInt64(0), to: 1 << 32, by: 6007).map { Float(bitPattern: UInt32($0)) }
      x += [0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNonzeroMagnitude]
      x += [.leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1, -1]
      x += [88.72283, 88.72284, -87.33655, -103.972, -103.973, 89, -104, 0.625, 1.0000001, 4]
      let y = sameAtEveryInstructionSet("unary \(operation)") {
        produced(x.count) { Float.unary(Int32(operation), x, $0, x.count) }
      }
      var worst = 0.0
      var place: Float = 0
      for (argument, value) in zip(x, y) {
        // sigmoid's tail times x can be subnormal twice over: silu has no exact reference there.
        if operation == Int(LOQT_SILU) && argument < -87 { continue }
        let distance = Self.units(value, from: reference(Double(argument)))
        if distance > worst {
          worst = distance
          place = argument
        }
      }
      #expect(worst <= budget, "function \(operation) is off by \(worst) ulp at \(place)")
    }

    @Test func geluKeepsItsAbsoluteError() {
      let x = stride(from: Float(-12), to: 12, by: 0.001).map { $0 }
      let root = 0.5.squareRoot()
      let k = (2 / Double.pi).squareRoot()
      let exact = x.map { 0.5 * Double($0) * (1 + erf(Double($0) * root)) }
      let tanhForm = x.map { value in
        let x = Double(value)
        return 0.5 * x * (1 + tanh(k * (x + 0.044715 * x * x * x)))
      }
      // 1 + erf(x) cancels for negative x: roundings of 1, times |x| / 2.
      for (operation, expected) in [(LOQT_GELU, exact), (LOQT_GELU_TANH, tanhForm)] {
        let y = sameAtEveryInstructionSet("gelu") {
          produced(x.count) { Float.unary(Int32(operation), x, $0, x.count) }
        }
        expectClose(y, expected, units: 4, floor: 6, "gelu")
      }
    }

    @Test func doublesComeFromTheCLibrary() {
      let x: [Double] = numbers(1000, seed: 15, scale: 20)
      for (operation, _, reference) in Self.functions {
        let y = sameAtEveryInstructionSet("unary \(operation)") {
          produced(x.count) { Double.unary(Int32(operation), x, $0, x.count) }
        }
        expectClose(y, x.map(reference), units: 8, "double function \(operation)")
      }
    }
  }
}
