import TestSupport
import Tensors
import Testing

/// Against NumPy and SciPy in double precision from the same float32 inputs, rounded once to float.
/// Ours run in single precision.
struct TensorGoldenTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture("tensors") }

  private func cases(_ prefix: String) -> [String] {
    let found = fixture.cases.filter { $0.hasPrefix(prefix) }
    #expect(!found.isEmpty, "no golden case \(prefix)")
    return found
  }

  private func tensor(_ name: String, _ testCase: String) throws -> Tensor<Float> {
    try fixture.tensor(name, of: testCase)
  }

  private func integers(_ name: String, _ testCase: String) throws -> Tensor<Int32> {
    try fixture.tensor(name, of: testCase, as: Int32.self)
  }

  private func axis(_ name: String) -> Int { Int(fixture.number("axis", of: name)) }

  /// Sums are taken in double precision and rounded once: what is left is the rounding of their
  /// terms, for which four units in the last place of the largest result suffice.
  @Test("Reductions equal NumPy's")
  func goldenReductions() throws {
    let reductions: [(String, (Tensor<Float>, [Int]) -> Tensor<Float>)] = [
      ("sum", { $0.sum(squeezingAxes: $1) }),
      ("mean", { $0.mean(squeezingAxes: $1) }),
      ("product", { $0.product(squeezingAxes: $1) }),
      ("maximum", { $0.maximum(squeezingAxes: $1) }),
      ("minimum", { $0.minimum(squeezingAxes: $1) }),
      ("variance", { $0.variance(squeezingAxes: $1) }),
      ("variance_sample", { $0.variance(squeezingAxes: $1, correction: 1) }),
      ("standard_deviation", { $0.standardDeviation(squeezingAxes: $1) }),
      ("norm", { $0.norm(squeezingAxes: $1) }),
      ("log_sum_exp", { $0.logSumExp(squeezingAxes: $1) }),
    ]
    for (name, reduce) in reductions {
      for testCase in ["0", "1", "2", "0x1", "0x2", "1x2", "0x1x2"].map({ "\(name)_\($0)" }) {
        let axes = fixture.numbers("axes", of: testCase).map { Int($0) }
        let expected = try tensor("result", testCase)
        let scale = Double(Tensors.abs(expected).maximum())
        let x = try tensor("x", testCase)
        for layout in [x, x.transposed([2, 0, 1]).contiguous().transposed([1, 2, 0])] {
          let difference = maxDifference(
            reduce(layout, axes).reshaped(to: expected.shape), expected)
          #expect(difference <= 4 * Double(Float.ulpOfOne) * scale, "\(testCase)")
        }
      }
    }
  }

  @Test("Positions, orders and selections equal NumPy's")
  func goldenSelections() throws {
    for name in cases("argmax_") {
      #expect(try tensor("x", name).argmax(squeezingAxis: axis(name)) == integers("result", name))
    }
    for name in cases("argmin_") {
      #expect(try tensor("x", name).argmin(squeezingAxis: axis(name)) == integers("result", name))
    }
    for name in cases("argsort_") {
      let x = try tensor("x", name)
      #expect(try x.argsort(alongAxis: axis(name)) == integers("result", name))
      #expect(try x.sorted(alongAxis: axis(name)) == tensor("sorted", name))
      let size = x.shape[axis(name)]
      let top = x.topK(size - 1, alongAxis: axis(name)).values
      let descending = try tensor("sorted", name).flipped(alongAxes: [axis(name)])
      #expect(top == descending.sliced(0..<size - 1, alongAxis: axis(name)))
    }
    for name in cases("taking_") {
      let taken = try tensor("x", name).takingAlongAxis(
        axis(name), at: integers("indices", name))
      #expect(try taken == tensor("result", name))
    }
  }

  @Test("Rearrangements equal NumPy's exactly")
  func goldenRearrangements() throws {
    for name in cases("rolled_") {
      let distance = Int(fixture.number("distance", of: name))
      let rolled = try tensor("x", name).rolled(by: distance, alongAxis: axis(name))
      #expect(try rolled == tensor("result", name))
    }
    for name in cases("flipped_") {
      #expect(try tensor("x", name).flipped(alongAxes: [axis(name)]) == tensor("result", name))
    }
    for (prefix, operation) in [
      ("lower_triangle_", { $0.lowerTriangle(offset: $1) }),
      ("upper_triangle_", { $0.upperTriangle(offset: $1) }),
      ("diagonal_", { $0.diagonal(offset: $1) }),
    ] as [(String, (Tensor<Float>, Int) -> Tensor<Float>)] {
      for name in cases(prefix) {
        let (x, offset) = (try tensor("x", name), Int(fixture.number("offset", of: name)))
        #expect(try operation(x, offset) == tensor("result", name), "\(name)")
        let view = x.transposed().contiguous().transposed()
        #expect(try operation(view, offset) == tensor("result", name), "\(name)")
      }
    }
    #expect(
      maxDifference(try tensor("x", "trace_0").trace(), try tensor("result", "trace_0")) < 1e-6)
    let padded = try tensor("x", "padded_0").padded([(1, 0), (0, 2), (3, 1)], with: 7)
    #expect(try padded == tensor("result", "padded_0"))
    #expect(try tensor("x", "tiled_0").tiled([2, 1, 3]) == tensor("result", "tiled_0"))
    let line = Tensor<Float>.linearSpace(from: -1, through: 3, count: 11)
    #expect(maxUlpDistance(line, try tensor("result", "linear_space_0")) <= 1)
  }

  @Test("Cumulative sums and contractions equal NumPy's")
  func goldenContractions() throws {
    for name in cases("cumulative_sum_") {
      let sums = try tensor("x", name).cumulativeSum(alongAxis: axis(name))
      #expect(maxUlpDistance(sums, try tensor("result", name)) <= 1, "\(name)")
    }
    for name in cases("einsum_") {
      let operands = try ["x0", "x1"].filter { fixture.hasTensor($0, of: name) }
        .map { try tensor($0, name) }
      let spec = fixture.text("spec", of: name)
      let result =
        operands.count == 1
        ? einsum(spec, operands[0]) : einsum(spec, operands[0], operands[1])
      let expected = try tensor("result", name)
      // At most 60 terms are added in single precision.
      #expect(relativeError(result.reshaped(to: expected.shape), expected) < 60 * 6e-8, "\(name)")
    }
  }

  /// The budgets of `Docs.docc/Tensors.md`, in units in the last place.
  @Test("Functions stay within their error budgets")
  func budgets() throws {
    let functions: [(String, Double, (Tensor<Float>) -> Tensor<Float>)] = [
      ("exp", 2, { exp($0) }), ("log", 2, { log($0) }), ("tanh", 3, { tanh($0) }),
      ("erf", 3, { erf($0) }), ("sigmoid", 3, { sigmoid($0) }), ("silu", 4, { silu($0) }),
      ("sin", 2, { sin($0) }), ("cos", 2, { cos($0) }), ("sqrt", 0.5, { sqrt($0) }),
      ("rsqrt", 2, { rsqrt($0) }), ("reciprocal", 0.5, { reciprocal($0) }),
    ]
    for (name, budget, function) in functions {
      let expected = try tensor("result", "function_\(name)")
      let result = function(try tensor("x", "function_\(name)"))
      var worst = 0.0
      for (a, b) in zip(result.scalars, expected.scalars) {
        // Results below the normal range may be flushed or be off by one step of it.
        let below = Swift.abs(Double(a) - Double(b)) <= Double(Float.leastNormalMagnitude)
        if !below { worst = max(worst, ulpDistance(a, b)) }
      }
      #expect(worst <= budget, "\(name)")
    }
  }

  @Test("Powers equal NumPy's")
  func goldenPowers() throws {
    let power = pow(try tensor("x", "power_0"), try tensor("y", "power_0"))
    #expect(maxUlpDistance(power, try tensor("result", "power_0")) <= 2)
  }
}
