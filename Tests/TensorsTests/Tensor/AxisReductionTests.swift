import Tensors
import Testing

struct AxisReductionTests {
  /// The elements that are reduced together along `axes`, by the kept index in row-major order.
  private func groups(_ reference: Reference, _ axes: [Int]) -> [[Float]] {
    let sizes = reference.shape.enumerated().map { axes.contains($0.offset) ? 1 : $0.element }
    return Reference.indices(sizes).map { kept in
      let spans = reference.shape.indices.map { axes.contains($0) ? reference.shape[$0] : 1 }
      return Reference.indices(spans).map { inner in
        reference[zip(kept, inner).map { $0 + $1 }]
      }
    }
  }

  private func close(_ a: [Float], _ b: [Double]) -> Bool {
    // Three roundings to float, of numbers at most twice the result.
    a.count == b.count
      && zip(a, b).allSatisfy {
        ($0.isNaN && $1.isNaN) || Double($0) == $1
          || Swift.abs(Double($0) - $1) <= 6 * Double(Float.ulpOfOne) * Swift.abs($1)
      }
  }

  @Test("Every reduction works along every set of axes in every layout")
  func everyReduction() {
    everyTensor(upToRank: 3) { original, tensor, name in
      let rank = original.shape.count
      for bits in 0..<1 << rank {
        let axes = (0..<rank).filter { bits >> $0 & 1 == 1 }
        let groups = groups(original, axes).map { $0.map(Double.init) }
        let along = Shape(
          original.shape.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
        let squeezed = Shape(
          original.shape.enumerated().filter { !axes.contains($0.offset) }.map(\.element))
        let negative = axes.map { $0 - rank }

        func check(
          _ kept: Tensor<Float>, _ dropped: Tensor<Float>, _ operation: String,
          _ value: ([Double]) -> Double
        ) {
          #expect(kept.shape == along, "\(operation) \(name) \(axes)")
          #expect(dropped.shape == squeezed, "\(operation) \(name) \(axes)")
          #expect(kept.scalars.map(\.bitPattern) == dropped.scalars.map(\.bitPattern))
          #expect(close(kept.scalars, groups.map(value)), "\(operation) \(name) \(axes)")
        }
        func variance(_ x: [Double], _ correction: Double) -> Double {
          let mean = x.reduce(0, +) / Double(x.count)
          return x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            / max(0, Double(x.count) - correction)
        }
        check(
          tensor.norm(alongAxes: axes), tensor.norm(squeezingAxes: negative), "norm"
        ) { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        check(
          tensor.variance(alongAxes: negative), tensor.variance(squeezingAxes: axes), "variance"
        ) { variance($0, 0) }
        check(
          tensor.standardDeviation(alongAxes: axes, correction: 1),
          tensor.standardDeviation(squeezingAxes: axes, correction: 1), "deviation"
        ) { variance($0, 1).squareRoot() }
        guard axes.allSatisfy({ original.shape[$0] > 0 }) else { continue }
        check(
          tensor.maximum(alongAxes: axes), tensor.maximum(squeezingAxes: axes), "maximum"
        ) { $0.max()! }
        check(
          tensor.minimum(alongAxes: axes), tensor.minimum(squeezingAxes: axes), "minimum"
        ) { $0.min()! }
        let mean = tensor.mean(squeezingAxes: axes)
        #expect(
          close(mean.scalars, groups.map { $0.reduce(0, +) / Double($0.count) }), "\(name) \(axes)")
      }
    }
  }

  @Test("logSumExp neither overflows nor loses small terms")
  func logSumExpRange() {
    let a: Tensor<Double> = [[1000, 1000], [-1000, -1000], [0, 0]]
    let log2 = 0.6931471805599453
    let expected = Tensor<Double>([1000 + log2, -1000 + log2, log2])
    // log 2 added with one rounding near 1000.
    #expect(abs(a.logSumExp(squeezingAxes: [1]) - expected).maximum() <= 2e-13)
    #expect(a.logSumExp(alongAxes: [0]).shape == [1, 2])
    #expect(a.logSumExp(alongAxes: [0])[0, 0] == 1000)
    let nothing = Tensor<Float>.zeros([2, 0]).logSumExp(squeezingAxes: [1])
    #expect(nothing.scalars == [-.infinity, -.infinity])
  }

  @Test("Cumulative sums end at the sum")
  func cumulativeSums() {
    everyTensor(upToRank: 3) { reference, tensor, name in
      for axis in reference.shape.indices {
        let expected = Reference(reference.shape) { index in
          (0...index[axis]).reduce(0) { sum, i in
            var source = index
            source[axis] = i
            return sum + reference[source]
          }
        }
        #expect(expected.matches(tensor.cumulativeSum(alongAxis: axis)), "\(name) \(axis)")
      }
    }
    // In float, ones would stop adding up at 2^24.
    let count = (1 << 24) + 8
    #expect(Tensor<Float>.ones([count]).cumulativeSum(alongAxis: 0)[count - 1] == Float(count))
  }

  @Test("Reducing an empty axis to an extremum traps")
  func emptyExtremum() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 0]).maximum(alongAxes: [1])
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("maximum: axes [1] of [2, 0] are empty"))
  }
}
