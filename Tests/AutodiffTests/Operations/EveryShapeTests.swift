import Autodiff
import TestSupport
import Tensors
import Testing

/// Twenty shapes: ranks 0 to 4, sizes around the width of a vector, sizes of 1 and 0.
enum EveryShape {
  static let all: [Shape] = [
    [], [1], [3], [16], [17], [0], [1, 1], [1, 5], [5, 1], [2, 3], [3, 16], [2, 0], [2, 1, 3],
    [1, 1, 4], [3, 2, 2], [2, 3, 17], [1, 2, 1, 3], [2, 2, 2, 2], [3, 1, 2, 1], [1, 1, 1, 1],
  ]

  /// The shapes whose last axis is not empty.
  static let rows =
    all.filter { $0.rank > 0 && $0.lastDimension > 0 && $0.elementCount > 0 } + [
      [2, 18], [33], [4, 4],
    ]
}

/// The gradients of every operation at twenty shapes in double precision.
@Suite struct EveryShapeTests {
  /// Positive values away from kinks and poles.
  private static func positive(_ shape: Shape, seed: UInt64 = 7) -> Tensor<Float> {
    abs(normal(shape, seed: seed)) + 0.5
  }

  /// Checks gradients. Empty arguments have none to compare; they only must not trap.
  private static func check(
    _ shapes: [Shape], arguments: [Tensor<Float>]? = nil, of operation: ([Variable]) -> Variable
  ) {
    if shapes.contains(where: { $0.elementCount > 0 }) {
      expectGradients(shapes, arguments: arguments, of: operation)
    } else {
      let parameters = shapes.map { Parameter(.zeros($0)) }
      let loss = operation(parameters.map { Variable($0) }).sum()
      let (_, gradients) = valueAndGradients(of: loss)
      for parameter in parameters { #expect(gradients[parameter]?.shape == parameter.shape) }
    }
  }

  @Test(
    "Elementwise functions have the gradients of central differences", arguments: EveryShape.all)
  func elementwise(_ shape: Shape) {
    let functions: [(Variable) -> Variable] = [
      { abs($0) }, { square($0) }, { sqrt($0) }, { rsqrt($0) }, { reciprocal($0) }, { exp($0) },
      { log($0) }, { tanh($0) }, { erf($0) }, { sigmoid($0) }, { silu($0) }, { relu($0) },
      { gelu($0) }, { geluTanh($0) }, { sin($0) }, { cos($0) }, { -$0 }, { $0 * 3 }, { 2 * $0 + 1 },
      { $0 / 3 - 1 },
    ]
    for function in functions {
      Self.check([shape], arguments: [Self.positive(shape)]) { function($0[0]) }
    }
  }

  @Test(
    "Arithmetic has the gradients of central differences, with and without broadcasting",
    arguments: EveryShape.all)
  func arithmetic(_ shape: Shape) {
    // Some axes replaced by 1.
    let dimensions = shape.dimensions
    let partners: [Shape] = [
      shape, [], Shape(dimensions.enumerated().map { $0.offset % 2 == 0 ? 1 : $0.element }),
      Shape(Array(dimensions.suffix(1))),
    ]
    for partner in partners {
      for function: ([Variable]) -> Variable in [
        { $0[0] + $0[1] }, { $0[0] - $0[1] }, { $0[0] * $0[1] }, { $0[0] / $0[1] },
      ] {
        Self.check(
          [shape, partner], arguments: [normal(shape, seed: 1), Self.positive(partner)],
          of: function)
      }
    }
  }

  @Test("Sums and means have the gradients of central differences", arguments: EveryShape.all)
  func reductions(_ shape: Shape) {
    Self.check([shape]) { $0[0].sum() }
    if shape.elementCount > 0 { Self.check([shape]) { $0[0].mean() } }
    for axis in 0..<shape.rank where shape[axis] > 0 {
      Self.check([shape]) { $0[0].sum(alongAxes: [axis]) }
      Self.check([shape]) { $0[0].mean(alongAxes: [axis]) }
    }
  }

  @Test(
    "Reshaping, transposing, slicing and joining have the gradients of central differences",
    arguments: EveryShape.all)
  func shapes(_ shape: Shape) {
    Self.check([shape]) { $0[0].reshaped(to: [shape.elementCount]) }
    Self.check([shape]) { $0[0].transposed() }
    Self.check([shape]) { $0[0].transposed(Array((0..<shape.rank).reversed())) }
    for axis in 0..<shape.rank {
      let size = shape[axis]
      Self.check([shape]) { $0[0].sliced(size / 3..<size, alongAxis: axis) }
      Self.check([shape, shape]) { .concatenated([$0[0], $0[1], $0[0]], alongAxis: axis) }
    }
  }

  @Test("Operations on rows have the gradients of central differences", arguments: EveryShape.rows)
  func rows(_ shape: Shape) {
    let width = shape.lastDimension
    let rows = shape.elementCount / width
    Self.check([shape]) { softmax($0[0]) }
    Self.check([shape]) { logSoftmax($0[0]) }
    Self.check([shape, [width]]) { rmsNorm($0[0], weight: $0[1], epsilon: 1e-3) }
    let labels = Tensor((0..<rows).map { $0 % 3 == 2 ? -100 : Int32($0 % width) })
    Self.check([shape]) { crossEntropy($0[0], labels: labels) }
    let vocabulary = Tensor((0..<rows).map { $0 % 3 == 2 ? -100 : Int32($0 % 5) })
    Self.check([shape, [5, width]]) { linearCrossEntropy($0[0], $0[1], labels: vocabulary) }
  }

  @Test("SwiGLU has the gradients of central differences", arguments: EveryShape.all)
  func swiglu(_ shape: Shape) {
    Self.check([shape, shape]) { Autodiff.swiglu($0[0], $0[1]) }
  }

  @Test(
    "Linear layers have the gradients of central differences, with and without bias",
    arguments: EveryShape.rows)
  func linear(_ shape: Shape) {
    let weight: Shape = [3, shape.lastDimension]
    Self.check([shape, weight]) { Autodiff.linear($0[0], $0[1]) }
    Self.check([shape, weight, [3]]) { Autodiff.linear($0[0], $0[1], bias: $0[2]) }
  }

  static let products: [(Shape, Shape)] = [
    ([1, 1], [1, 1]), ([1, 4], [4, 1]), ([4, 1], [1, 4]), ([2, 3], [3, 4]), ([5, 16], [16, 2]),
    ([3, 17], [17, 3]), ([17, 2], [2, 17]), ([2, 2, 3], [3, 2]), ([2, 2, 3], [2, 3, 2]),
    ([2, 3], [4, 3, 2]), ([1, 2, 3], [4, 3, 2]), ([4, 2, 3], [1, 3, 2]),
    ([2, 1, 2, 3], [2, 3, 2]), ([2, 2, 2, 2], [2, 2, 2, 2]), ([2, 1, 1, 2], [3, 2, 1]),
    ([1, 1, 1, 1], [1, 1]), ([3, 1, 2], [2, 5]), ([2, 5], [5, 5]), ([7, 3], [3, 1]),
    ([1, 3], [2, 3, 3]),
  ]

  @Test("Matrix products have the gradients of central differences", arguments: products)
  func matmul(_ shapes: (Shape, Shape)) {
    Self.check([shapes.0, shapes.1]) { Autodiff.matmul($0[0], $0[1]) }
  }

  @Test("Embeddings have the gradients of central differences", arguments: EveryShape.all)
  func embedding(_ shape: Shape) {
    let indices = Tensor((0..<shape.elementCount).map { Int32($0 * 2 % 3) }, shape: shape)
    Self.check([[3, 4]]) { Autodiff.embedding($0[0], at: indices) }
  }

  /// Batch, queries, heads, head size, keys, key heads; twenty in counting order.
  static let attentions: [[Int]] = (0..<20).map { index in
    let keyHeads = 1 + index % 2
    let queries = 1 + index % 5
    return [
      1 + index % 3, queries, keyHeads * (1 + index % 3), 1 + index % 4, queries + index % 4,
      keyHeads,
    ]
  }

  @Test(
    "Attention under every kind of mask has the gradients of central differences",
    arguments: attentions)
  func attention(_ size: [Int]) {
    let queries = Shape([size[0], size[1], size[2], size[3]])
    let keys = Shape([size[0], size[4], size[5], size[3]])
    let holes = Tensor((0..<size[0] * size[4]).map { UInt8($0 % 3 == 1 ? 0 : 1) })
      .reshaped(to: [size[0], size[4]])
    for mask in [
      .full, .causal, .lengths((0..<size[0]).map { max(0, size[4] - $0) }, of: size[4]),
      AttentionMask(isCausal: true, visibleKeys: holes),
    ] {
      Self.check([queries, keys, keys]) {
        Autodiff.attention(queries: $0[0], keys: $0[1], values: $0[2], mask: mask)
      }
    }
  }

  @Test("Rotary positions have the gradients of central differences", arguments: attentions)
  func rotary(_ size: [Int]) {
    let angles = RotaryAngles(positions: 16, headSize: 2 * size[3])
    let shape = Shape([size[0], size[1], size[2], 2 * size[3]])
    Self.check([shape]) { rotaryEmbedding($0[0], angles) }
    let positions = Tensor((0..<Int32(size[0] * size[1])).map { $0 * 5 % 16 })
      .reshaped(to: [size[0], size[1]])
    Self.check([shape]) { rotaryEmbedding($0[0], angles, positions: positions) }
  }
}
