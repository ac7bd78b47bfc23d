internal import LanguageModels
internal import Optimizers
internal import Tensors

/// The matrix products of an ordinary training step.
public struct StepProducts: Sendable, Hashable {
  /// Products of the same sizes: `rows` x `inner` times `inner` x `columns`.
  struct Product: Sendable, Hashable {
    var rows: Int
    var inner: Int
    var columns: Int
    /// How often in a step.
    var count: Int

    var operations: Double {
      2 * Double(count) * Double(rows) * Double(inner) * Double(columns)
    }
  }

  /// Those of the linear layers and the head.
  let linear: [Product]
  /// Multiplications and additions of attention, of which a causal one needs half.
  let attentionOperations: Double

  /// The products of a step of a configuration: of a matrix W forward and for the input's gradient, of
  /// its low-rank update the way that takes fewer operations, of what is trained the gradient, and
  /// forward once more where activations are recomputed.
  public init(_ configuration: TrainingConfiguration) {
    let (model, plan) = (configuration.model, configuration.plan)
    let tokens = configuration.tokensPerStep
    let forward = configuration.memory.checkpointsActivations ? 2 : 1
    var counts: [Product: Int] = [:]
    func add(_ rows: Int, _ inner: Int, _ columns: Int, _ count: Int = 1) {
      counts[Product(rows: rows, inner: inner, columns: columns, count: 0), default: 0] += count
    }
    for (name, out, input) in model.linearShapes {
      add(tokens, input, out, forward)
      add(tokens, out, input)
      let isDense =
        switch plan.layers {
        case .dense, .subspace: true
        case .frozen, .adapter, .loqt: !plan.isChosen(name)
        }
      if isDense { add(out, tokens, input) }
      guard plan.isChosen(name), let r = plan.rank?.largest(out: out, in: input) else { continue }
      switch plan.layers {
      case .loqt, .adapter:
        let isLeft = plan.side.side(out: out, in: input) == .left
        // Forward: x down needs to be there for the gradient of up, on the left side.
        let apart = tokens * (out + (isLeft ? 0 : input))
        if out * input < apart {
          add(out, r, input, forward)
          if isLeft { add(tokens, input, r, forward) }
        } else {
          add(tokens, input, r, forward)
          add(tokens, r, out, forward)
        }
        let apartBack = tokens * (input + (isLeft ? out : 0))
        if out * input < apartBack {
          add(out, r, input)
          if !isLeft { add(tokens, out, r) }
        } else {
          add(tokens, out, r)
          add(tokens, r, input)
        }
        if isLeft { add(out, tokens, r) } else { add(r, tokens, input) }
      case .subspace:
        add(out, input, r)
        add(out, r, input)
      case .frozen, .dense: break
      }
    }
    add(tokens, model.hiddenSize, model.vocabularySize)
    add(tokens, model.vocabularySize, model.hiddenSize)
    if plan.trainsHead { add(model.vocabularySize, tokens, model.hiddenSize) }
    linear = counts.map {
      Product(rows: $0.key.rows, inner: $0.key.inner, columns: $0.key.columns, count: $0.value)
    }.sorted { $0.operations > $1.operations }
    // Two products forward, five back, over half of the pairs.
    attentionOperations =
      Double(2 * forward + 5) * Double(tokens) * Double(configuration.sequence)
      * Double(model.heads * model.headSize) * Double(model.layers)
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
