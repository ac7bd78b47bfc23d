public import LanguageModels
internal import Layers
internal import Tensors

/// The matrix products of an ordinary training step.
public struct StepProducts: Sendable, Hashable {
  /// Those of the linear layers and the head.
  let linear: [MatrixProduct]
  /// Multiplications and additions of attention, of which a causal one needs half.
  let attentionOperations: Double

  /// The products of a step of a model: of a matrix W forward and for the input's gradient, of its
  /// low-rank update the way that takes fewer operations, of what is trained the gradient, and
  /// forward once more where activations are recomputed.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - plan: How its linear layers are held and trained.
  ///   - tokens: Of the step.
  ///   - sequence: Tokens of a sequence.
  ///   - recomputesBlocks: Whether activations are computed again on the way back.
  public init(
    _ model: any ModelConfiguration, _ plan: MethodPlan, tokens: Int, sequence: Int,
    recomputesBlocks: Bool
  ) {
    let forward = recomputesBlocks ? 2 : 1
    var counts: [MatrixProduct: Int] = [:]
    func add(_ product: MatrixProduct) {
      var size = product
      size.count = 0
      counts[size, default: 0] += product.count
    }
    for layer in model.linearShapes {
      add(MatrixProduct(tokens, layer.in, layer.out, count: forward))
      add(MatrixProduct(tokens, layer.out, layer.in))
      let own =
        plan.isChosen(layer.name)
        ? plan.layers.products(of: layer, tokens: tokens, forwardPasses: forward)
        : [MatrixProduct(layer.out, tokens, layer.in)]
      own.forEach(add)
    }
    if model.predictsTokens {
      add(MatrixProduct(tokens, model.hiddenSize, model.vocabularySize))
      add(MatrixProduct(tokens, model.vocabularySize, model.hiddenSize))
      if plan.trainsHead { add(MatrixProduct(model.vocabularySize, tokens, model.hiddenSize)) }
    }
    linear = counts.map { product, count in
      MatrixProduct(product.rows, product.inner, product.columns, count: count)
    }.sorted { $0.operations > $1.operations }
    // Two products forward, five back, over half of the pairs.
    attentionOperations =
      Double(2 * forward + 5) * Double(tokens) * Double(sequence)
      * Double(model.activations.attentionWidth) * Double(model.blockCount)
  }

  /// Multiplications and additions of a step.
  public var operations: Double {
    linear.reduce(attentionOperations) { $0 + $1.operations }
  }

  /// Seconds of the bare products of linear layers and head, each of the best of two runs on floats.
  public func measureSeconds() -> Double {
    linear.reduce(0) { sum, product in
      let a = Tensor<Float>.zeros([product.rows, product.inner])
      let b = Tensor<Float>.zeros([product.inner, product.columns])
      var c = Tensor<Float>.zeros([product.rows, product.columns])
      let seconds = (0..<2).map { _ in
        ContinuousClock().measure { c.addProduct(a, b, keeping: 0) } / .seconds(1)
      }
      return sum + (seconds.min() ?? 0) * Double(product.count)
    }
  }
}
