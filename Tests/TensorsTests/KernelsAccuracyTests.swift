import CKernels
import Tensors
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension KernelTests {
  /// The float functions against the C library in double, over the whole range of floats.
  @Suite struct Accuracy {
    /// The distance of a float from `exact`, in units in the last place.
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
      // Without subtracting nearly 1 from 1, and with one rounding where the result is subnormal.
      (Int(LOQT_SILU), 4, { $0 == -.infinity ? .nan : $0 < -745 ? -0.0 : $0 / (1 + exp(-$0)) }),
      (
        Int(LOQT_GELU), 6,
        { $0 == -.infinity ? .nan : $0 < -38 ? -0.0 : 0.5 * $0 * erfc(-$0 * 0.5.squareRoot()) }
      ),
      (
        Int(LOQT_GELU_TANH), 5,
        { x in
          if x == -.infinity { return .nan }
          if x.magnitude > 22 { return x < 0 ? -0.0 : x }
          return x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * x * (1 + 0.044715 * x * x)))
        }
      ),
    ]

    @Test("Functions stay within their error budgets over all floats", arguments: functions.indices)
    func budgets(_ index: Int) {
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
        let distance = Self.units(value, from: reference(Double(argument)))
        if distance > worst {
          worst = distance
          place = argument
        }
      }
      #expect(worst <= budget, "function \(operation) is off by \(worst) ulp at \(place)")
    }

    /// Within what the C library's exponential and erfc allow, through cancellation and underflow.
    @Test(
      "Hard doubles stay within four units in the last place",
      arguments: [
        (Int(LOQT_SILU), "silu"), (Int(LOQT_GELU), "gelu"), (Int(LOQT_GELU_TANH), "gelu_tanh"),
      ])
    func hardDoubles(_ operation: Int, _ name: String) throws {
      let fixture = try Fixture("activations")
      let x = try fixture.tensor("x", of: "hard", as: Double.self).scalars
      let expected = try fixture.tensor(name, of: "hard", as: Double.self).scalars
      let y = sameAtEveryInstructionSet(name) {
        produced(x.count) { Double.unary(Int32(operation), x, $0, x.count) }
      }
      for (argument, (value, exact)) in zip(x, zip(y, expected)) {
        let unit = max(exact.magnitude, .leastNormalMagnitude).ulp
        #expect(abs(value - exact) <= 4 * unit, "\(name) of \(argument): \(value), not \(exact)")
      }
    }

    @Test("Functions of doubles are those of the C library")
    func doubles() {
      let x: [Double] = numbers(1000, seed: 15, scale: 20)
      let hard = [LOQT_SILU, LOQT_GELU, LOQT_GELU_TANH].map { Int($0) }
      for (operation, _, reference) in Self.functions where !hard.contains(operation) {
        let y = sameAtEveryInstructionSet("unary \(operation)") {
          produced(x.count) { Double.unary(Int32(operation), x, $0, x.count) }
        }
        expectClose(y, x.map(reference), units: 8, "double function \(operation)")
      }
    }
  }
}
