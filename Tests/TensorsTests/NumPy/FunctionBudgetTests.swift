import TestSupport
import Tensors
import Testing

/// The budgets of `Docs.docc/Tensors.md` against mpmath, at hard places.
struct FunctionBudgetTests {
  private static let single: [(String, @Sendable (Tensor<Float>) -> Tensor<Float>)] = [
    ("exp2", { exp2($0) }), ("expm1", { expm1($0) }), ("log2", { log2($0) }),
    ("log10", { log10($0) }), ("log1p", { log1p($0) }), ("tan", { tan($0) }),
    ("asin", { asin($0) }), ("acos", { acos($0) }), ("atan", { atan($0) }),
    ("sinh", { sinh($0) }), ("cosh", { cosh($0) }), ("asinh", { asinh($0) }),
    ("acosh", { acosh($0) }), ("atanh", { atanh($0) }), ("cbrt", { cbrt($0) }),
  ]
  private static let double: [(String, @Sendable (Tensor<Double>) -> Tensor<Double>)] = [
    ("exp2", { exp2($0) }), ("expm1", { expm1($0) }), ("log2", { log2($0) }),
    ("log10", { log10($0) }), ("log1p", { log1p($0) }), ("tan", { tan($0) }),
    ("asin", { asin($0) }), ("acos", { acos($0) }), ("atan", { atan($0) }),
    ("sinh", { sinh($0) }), ("cosh", { cosh($0) }), ("asinh", { asinh($0) }),
    ("acosh", { acosh($0) }), ("atanh", { atanh($0) }), ("cbrt", { cbrt($0) }),
  ]

  /// The largest distance from the exact values in units in the last place of a float.
  private func worst(_ result: Tensor<Float>, _ exact: Tensor<Double>) -> Double {
    zip(result.scalars, exact.scalars).reduce(0) { worst, pair in
      let nearest = Float(pair.1)
      // Where the rounded value is subnormal or infinite, its unit says nothing.
      if !nearest.isNormal { return pair.0 == nearest ? worst : .infinity }
      return max(worst, Swift.abs(Double(pair.0) - pair.1) / Double(nearest.ulp))
    }
  }

  @Test("Functions of floats are within .51 units of the exact value")
  func floats() throws {
    let fixture = try Fixture("functions")
    for (name, function) in Self.single {
      let x = try fixture.tensor("single", of: name)
      let exact = try fixture.tensor("of_single", of: name, as: Double.self)
      #expect(worst(function(x), exact) <= 0.51, "\(name)")
    }
    let pairs: [(String, (Tensor<Float>, Tensor<Float>) -> Tensor<Float>)] = [
      ("atan2", { atan2(y: $0, x: $1) }), ("hypot", { hypot($0, $1) }),
    ]
    for (name, function) in pairs {
      let (a, b) = (try fixture.tensor("a", of: name), try fixture.tensor("b", of: name))
      let exact = try fixture.tensor("of_single", of: name, as: Double.self)
      #expect(worst(function(a, b), exact) <= 0.51, "\(name)")
    }
  }

  @Test("Functions of doubles are within 3 units of the exact value")
  func doubles() throws {
    let fixture = try Fixture("functions")
    for (name, function) in Self.double {
      let x = try fixture.tensor("double", of: name, as: Double.self)
      let exact = try fixture.tensor("of_double", of: name, as: Double.self)
      #expect(maxUlpDistance(function(x), exact) <= 3, "\(name)")
    }
    let (a, b) = (try fixture.tensor("a", of: "atan2"), try fixture.tensor("b", of: "atan2"))
    let angles = atan2(y: a.converted(to: Double.self), x: b.converted(to: Double.self))
    let exact = try fixture.tensor("of_single", of: "atan2", as: Double.self)
    #expect(maxUlpDistance(angles, exact) <= 3)
  }

  @Test("Infinities, zeros and NaN give what the C library gives")
  func specials() {
    let x: [Double] = [.infinity, -.infinity, 0, -0.0, .nan, 1, -1, 2, -2]
    let functions = zip(Self.single, Self.double)
    for (single, double) in functions {
      let a = single.1(Tensor(x.map { Float($0) })).scalars
      let b = double.1(Tensor(x)).scalars
      for i in x.indices {
        let nearest = Float(b[i])
        #expect(
          a[i] == nearest && a[i].sign == nearest.sign || a[i].isNaN && nearest.isNaN,
          "\(single.0)(\(x[i])) = \(a[i]), not \(nearest)")
      }
    }
    let grid = Tensor.grid([Tensor(x), Tensor(x)])
    let floats = grid.map { $0.converted(to: Float.self) }
    let pairs: [(String, Tensor<Float>, Tensor<Double>)] = [
      ("atan2", atan2(y: floats[0], x: floats[1]), atan2(y: grid[0], x: grid[1])),
      ("hypot", hypot(floats[0], floats[1]), hypot(grid[0], grid[1])),
    ]
    for (name, a, b) in pairs {
      for (p, q) in zip(a.scalars, b.scalars) {
        #expect(p == Float(q) && p.sign == q.sign || p.isNaN && q.isNaN, "\(name): \(p), not \(q)")
      }
    }
  }

  @Test("Floored quotients and remainders have the sign of the divisor")
  func flooredDivision() {
    let a: Tensor<Double> = [7, -7, 7, -7, 6, -6, 0, 5, .infinity, 5]
    let b: Tensor<Double> = [3, 3, -3, -3, 3, 3, -2, 0, 2, .infinity]
    #expect(
      floorDivide(a, b).allClose(
        to: [2, -3, -3, 2, 2, -2, 0, .infinity, .nan, 0], nanEqual: true))
    #expect((a % b).allClose(to: [1, 2, -2, -1, 0, 0, 0, .nan, .nan, 5], nanEqual: true))
    let (i, j): (Tensor<Int32>, Tensor<Int32>) = ([7, -7, 7, -7, 6, -6], [3, 3, -3, -3, 3, 3])
    #expect(floorDivide(i, j) == [2, -3, -3, 2, 2, -2])
    #expect(i % j == [1, 2, -2, -1, 0, 0])
  }
}
