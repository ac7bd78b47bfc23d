import CKernels
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension KernelTests {
  @Suite struct Elementwise {
    static let specials: [Double] = [
      0, -0.0, 1, -1, .infinity, -.infinity, .nan, 1e-40, -1e-40, 3.5, -2.5, 2.5, 1e30, -1e30,
    ]

    static func inputs<T: KernelScalar>(_ count: Int, seed: UInt64, as: T.Type) -> [T] {
      var x: [T] = numbers(count, seed: seed, scale: 4)
      for (i, special) in specials.enumerated() where 3 * i + 1 < count / 4 {
        x[3 * i + 1 + Int(seed % 2)] = T(special)
      }
      return x
    }

    static let binaryOperations: ClosedRange<Int> = 0...Int(LOQT_GREATER_EQUAL)

    static func reference(_ operation: Int, _ a: Double, _ b: Double) -> Double {
      switch operation {
      case Int(LOQT_ADD): a + b
      case Int(LOQT_SUBTRACT): a - b
      case Int(LOQT_MULTIPLY): a * b
      case Int(LOQT_DIVIDE): a / b
      case Int(LOQT_MINIMUM): a.isNaN || b.isNaN ? .nan : min(a, b)
      case Int(LOQT_MAXIMUM): a.isNaN || b.isNaN ? .nan : max(a, b)
      case Int(LOQT_POWER): pow(a, b)
      case Int(LOQT_EQUAL): a == b ? 1 : 0
      case Int(LOQT_NOT_EQUAL): a != b ? 1 : 0
      case Int(LOQT_LESS): a < b ? 1 : 0
      case Int(LOQT_LESS_EQUAL): a <= b ? 1 : 0
      case Int(LOQT_GREATER): a > b ? 1 : 0
      default: a >= b ? 1 : 0
      }
    }

    func binary<T: KernelScalar>(_: T.Type) {
      for operation in Self.binaryOperations {
        for n in testSizes {
          let a = Self.inputs(max(n, 1), seed: 1, as: T.self)
          let b = Self.inputs(max(n, 1), seed: 2, as: T.self)
          for (aStep, bStep) in [(1, 1), (0, 1), (1, 0), (0, 0)] {
            let y = sameAtEveryInstructionSet("binary \(operation)") {
              produced(n) { T.binary(Int32(operation), a, aStep, b, bStep, $0, n) }
            }
            // Exact operations round the exact result once, as T does; pow is good to an ulp.
            let expected = (0..<n).map { (i: Int) -> Double in
              Double(T(Self.reference(operation, Double(a[i * aStep]), Double(b[i * bStep]))))
            }
            let units = operation == Int(LOQT_POWER) ? 2.0 : 0
            expectClose(y, expected, units: units, "binary \(operation)")
          }
        }
      }
    }

    @Test("Binary operations agree with scalar arithmetic")
    func scalarArithmetic() {
      binary(Float.self)
      binary(Double.self)
    }

    @Test("Binary operations work in place and over rows")
    func inPlaceAndRows() {
      let rows = 5
      let cols = 21
      let a: [Float] = numbers(rows * cols, seed: 3)
      let b: [Float] = numbers(cols, seed: 4)
      let y = sameAtEveryInstructionSet("binary_rows") {
        produced(rows * cols) {
          Float.binaryRows(Int32(LOQT_SUBTRACT), a, b, $0, rows, cols)
        }
      }
      #expect(y == (0..<rows * cols).map { a[$0] - b[$0 % cols] })
      var inPlace = a
      inPlace.withUnsafeMutableBufferPointer {
        let p = $0.baseAddress!
        Float.binary(Int32(LOQT_ADD), p, 1, p, 1, p, a.count)
      }
      #expect(inPlace == a.map { $0 + $0 })
    }

    func exactUnary<T: KernelScalar>(_: T.Type) {
      let operations: [(Int, (T) -> T)] = [
        (Int(LOQT_NEGATE), { -$0 }), (Int(LOQT_ABSOLUTE), { abs($0) }),
        (Int(LOQT_SQUARE), { $0 * $0 }), (Int(LOQT_SQUARE_ROOT), { $0.squareRoot() }),
        (Int(LOQT_RECIPROCAL), { 1 / $0 }),
        (Int(LOQT_RECIPROCAL_SQUARE_ROOT), { 1 / $0.squareRoot() }),
        (Int(LOQT_RELU), { $0.isNaN ? .nan : $0 > 0 ? $0 : 0 }),
        (Int(LOQT_FLOOR), { $0.rounded(.down) }), (Int(LOQT_CEIL), { $0.rounded(.up) }),
        (Int(LOQT_ROUND), { $0.rounded(.toNearestOrEven) }),
        (Int(LOQT_SIGN), { $0.isNaN ? .nan : $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }),
      ]
      for (operation, reference) in operations {
        for n in testSizes {
          let x = Self.inputs(n, seed: 5, as: T.self)
          let y = sameAtEveryInstructionSet("unary \(operation)") {
            produced(n) { T.unary(Int32(operation), x, $0, n) }
          }
          #expect(
            zip(y, x).allSatisfy { $0 == reference($1) || $0.isNaN && reference($1).isNaN },
            "unary \(operation)")
        }
      }
    }

    @Test("Exact functions agree with scalar arithmetic")
    func exactFunctions() {
      exactUnary(Float.self)
      exactUnary(Double.self)
    }

    func gradients<T: KernelScalar>(_: T.Type) {
      func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
      func gelu(_ x: Double) -> Double {
        let density: Double = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
        return 0.5 * (1 + erf(x / 2.0.squareRoot())) + x * density
      }
      func geluTanh(_ x: Double) -> Double {
        let k: Double = (2 / Double.pi).squareRoot()
        let t: Double = tanh(k * (x + 0.044715 * x * x * x))
        let inner: Double = k * (1 + 3 * 0.044715 * x * x)
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner
      }
      typealias Derivative = (Double) -> Double
      let operations: [(Int, Derivative)] = [
        (Int(LOQT_EXP), { (x: Double) -> Double in exp(x) }),
        (Int(LOQT_LOG), { (x: Double) -> Double in 1 / x }),
        (Int(LOQT_TANH), { (x: Double) -> Double in 1 / (cosh(x) * cosh(x)) }),
        (Int(LOQT_ERF), { (x: Double) -> Double in 2 / Double.pi.squareRoot() * exp(-x * x) }),
        (Int(LOQT_SIGMOID), { (x: Double) -> Double in sigmoid(x) * sigmoid(-x) }),
        (Int(LOQT_SILU), { (x: Double) -> Double in sigmoid(x) * (1 + x * sigmoid(-x)) }),
        (Int(LOQT_RELU), { (x: Double) -> Double in x > 0 ? 1 : 0 }),
        (Int(LOQT_GELU), gelu),
        (Int(LOQT_GELU_TANH), geluTanh),
        (Int(LOQT_SQUARE), { (x: Double) -> Double in 2 * x }),
        (Int(LOQT_SQUARE_ROOT), { (x: Double) -> Double in 0.5 / x.squareRoot() }),
        (
          Int(LOQT_RECIPROCAL_SQUARE_ROOT),
          { (x: Double) -> Double in -0.5 / (x * x.squareRoot()) }
        ),
        (Int(LOQT_RECIPROCAL), { (x: Double) -> Double in -1 / (x * x) }),
        (Int(LOQT_ABSOLUTE), { (x: Double) -> Double in x > 0 ? 1 : x < 0 ? -1 : 0 }),
        (Int(LOQT_SIN), { (x: Double) -> Double in cos(x) }),
        (Int(LOQT_COS), { (x: Double) -> Double in -sin(x) }),
      ]
      let positive = [LOQT_LOG, LOQT_SQUARE_ROOT, LOQT_RECIPROCAL_SQUARE_ROOT].map { Int($0) }
      for (operation, derivative) in operations {
        for n in [0, 1, 7, 16, 37, 1000] {
          var x: [T] = numbers(n, seed: 6, scale: 5)
          if n > 5 { x[5] = 0 }
          if positive.contains(operation) { x = x.map { abs($0) + 0.01 } }
          if operation == Int(LOQT_RECIPROCAL) { x = x.map { $0 < 0 ? $0 - 0.01 : $0 + 0.01 } }
          let g: [T] = numbers(n, seed: 7)
          let dx = sameAtEveryInstructionSet("gradient \(operation)") {
            produced(n) { T.unaryGradient(Int32(operation), x, g, $0, n) }
          }
          // Sums of terms of magnitude near 1, and the argument of an exponential up to 25.
          let expected = (0..<n).map { (i: Int) -> Double in
            Double(g[i]) * derivative(Double(x[i]))
          }
          expectClose(dx, expected, units: 30, floor: 1, "gradient \(operation)")
        }
      }
    }

    @Test("Gradients are the derivatives")
    func derivatives() {
      gradients(Float.self)
      gradients(Double.self)
    }

    @Test("Scaling and adding never reads y when beta is 0")
    func zeroBeta() {
      for n in testSizes {
        let x: [Float] = numbers(n, seed: 8)
        for (alpha, beta) in [(2, 0), (1, 1), (-0.5, 1), (0.25, -3)] as [(Float, Float)] {
          let start: [Float] = beta == 0 ? .init(repeating: .nan, count: n) : numbers(n, seed: 9)
          let y = sameAtEveryInstructionSet("scale_add") {
            produced(n) {
              $0.update(from: start, count: n)
              Float.scaleAdd(alpha, x, beta, $0, n)
            }
          }
          let expected = (0..<n).map { (i: Int) -> Float in
            beta == 0 ? alpha * x[i] : alpha * x[i] + beta * start[i]
          }
          #expect(y == expected)
        }
      }
    }

    @Test("A multiply-add rounds the product first")
    func productRounding() {
      for n in testSizes {
        let (a, b): ([Float], [Float]) = (numbers(n, seed: 8), numbers(n, seed: 9))
        let start: [Float] = numbers(n, seed: 10)
        let y = sameAtEveryInstructionSet("multiply_add") {
          produced(n) {
            $0.update(from: start, count: n)
            Float.multiplyAdd(a, b, $0, n)
          }
        }
        #expect(y == (0..<n).map { (i: Int) -> Float in a[i] * b[i] + start[i] })
      }
    }

    @Test("Fill and select write every element once")
    func fillAndSelect() {
      for n in testSizes {
        let a: [Double] = numbers(n, seed: 10)
        let b: [Double] = numbers(n, seed: 11)
        let condition = (0..<n).map { UInt8($0 % 3 == 0 ? 0 : $0 % 256 | 1) }
        let chosen = sameAtEveryInstructionSet("select") {
          produced(n) { Double.select(condition, a, b, $0, n) }
        }
        #expect(chosen == (0..<n).map { condition[$0] != 0 ? a[$0] : b[$0] })
        #expect(produced(n) { Float.fill(3, $0, n) } == [Float](repeating: 3, count: n))
      }
    }

    func swiglu<T: KernelScalar>(_: T.Type) {
      for n in testSizes {
        let gate: [T] = numbers(n, seed: 12, scale: 8)
        let up: [T] = numbers(n, seed: 13)
        let g: [T] = numbers(n, seed: 14)
        var expected: (y: [Double], dgate: [Double], dup: [Double]) = ([], [], [])
        for i in 0..<n {
          let (a, b, d) = (Double(gate[i]), Double(up[i]), Double(g[i]))
          let s: Double = 1 / (1 + exp(-a))
          let slope: Double = s * (1 + a * (1 - s))
          expected.y.append(a * s * b)
          expected.dgate.append(d * b * slope)
          expected.dup.append(d * a * s)
        }
        let y = sameAtEveryInstructionSet("swiglu") {
          produced(n) { T.swiglu(gate, up, $0, n) }
        }
        expectClose(y, expected.y, units: 6, "swiglu")
        let both = sameAtEveryInstructionSet("swiglu_gradient") {
          produced(2 * n) { T.swigluGradient(gate, up, g, $0, $0 + n, n) }
        }
        // 1 - s loses relative precision for large gates: allow roundings of 8.
        expectClose(Array(both[..<n]), expected.dgate, units: 4, floor: 8, "dgate")
        expectClose(Array(both[n...]), expected.dup, units: 6, "dup")
      }
    }

    @Test("SwiGLU and its gradient agree with their formulas")
    func swigluFormulas() {
      swiglu(Float.self)
      swiglu(Double.self)
    }
  }
}
