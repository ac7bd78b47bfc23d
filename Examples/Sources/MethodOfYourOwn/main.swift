// Defines a method that uses only the signs of matrices, and trains it with the package's trainer.
import LanguageModels
import LoQTKit
import Training

/// y = x (a sign(W))ᵀ with a the mean magnitude of W; the gradient goes straight to W.
struct SignLinear: LinearLayer {
  let weight: Parameter
  var inputSize: Int { weight.shape[1] }
  var outputSize: Int { weight.shape[0] }
  func callAsFunction(_ x: Variable) -> Variable {
    linear(x, FakeQuantizer(.binary(grouping: .tensor), for: weight.tensor)(Variable(weight)))
  }
  func effectiveWeight() -> Tensor<Float> {
    sign(weight.tensor) * abs(weight.tensor).mean()
  }
}

struct SignMatrices: Parameterisation {
  struct Factory: LinearFactory {
    func makeLinear(
      weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource
    ) -> any LinearLayer { SignLinear(weight: Parameter(weight)) }
  }
  var factory: any LinearFactory { Factory() }
  func cost(of layer: LinearShape, in step: StepShape) -> LayerCost {
    var cost = LayerCost()
    cost.weights = 4 * layer.elementCount
    cost.moments = [[layer.out, layer.in]]
    cost.gradients = [layer.elementCount]
    return cost
  }
}

let signs = TrainingMethod(
  "signs", "Sign matrices", "only the signs of the matrices are used", options: []
) { _ in MethodPlan(layers: SignMatrices()) }

let lines = (0..<2_000).map {
  "the \(["cat", "dog", "cow"][$0 % 3]) sat on the \(["mat", "log"][$0 % 2])\n"
}
let corpus = try Corpus(SourceText(Array(lines.joined().utf8), name: "animals"), vocabulary: 256)
let configuration = try TrainingConfiguration(
  model: LlamaConfiguration(hiddenSize: 32, intermediateSize: 88, layers: 2, heads: 4),
  method: signs, steps: 100, batchSize: 8, sequence: 32, schedule: .warmupStableDecay)
let trainer = try Trainer(configuration, corpus: corpus)
for try await event in trainer {
  if case .evaluation(let evaluation) = event {
    print("step \(evaluation.step): perplexity \(evaluation.perplexity)")
  }
}
print("at the end:", trainer.finish().validationPerplexity)
