public import LanguageModels
internal import Layers
internal import Tensors

/// The matrix products of an ordinary training step.
public struct StepProducts: Sendable, Hashable {
  /// The products of the linear layers and the head.
  let linear: [MatrixProduct]
  /// Multiplications and additions of causal attention.
  let attentionOperations: Double

  /// The products of a step of a model: each matrix W in the forward pass and for its input's gradient,
  /// its low-rank update by the cheaper route, the gradients of trained matrices, and a second forward
  /// pass if activations are recomputed.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - plan: How its linear layers are held and trained.
  ///   - tokens: Tokens per step.
  ///   - sequence: Tokens per sequence.
  ///   - recomputesBlocks: Whether activations are recomputed in the backward pass.
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
    // Two products forward and five backward, over half of the pairs.
    attentionOperations =
      Double(2 * forward + 5) * Double(tokens) * Double(sequence)
      * Double(model.activations.attentionWidth) * Double(model.blockCount)
  }

  /// Multiplications and additions of a step.
  public var operations: Double {
    linear.reduce(attentionOperations) { $0 + $1.operations }
  }

  /// Seconds of the bare products of linear layers and head on floats, each the best of two runs.
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
