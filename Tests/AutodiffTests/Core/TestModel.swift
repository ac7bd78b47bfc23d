import Autodiff
import Tensors

/// A small model that uses every operation that keeps a parameter: the table is both embedding and
/// head, `mix` is used in two places.
struct TestModel {
  let table = Parameter(normal([11, 8], seed: 1), name: "table")
  let scale = Parameter(normal([8], seed: 2), name: "scale")
  let mix = Parameter(normal([8, 8], seed: 3), name: "mix")
  let bias = Parameter(normal([8], seed: 4), name: "bias")
  let gate = Parameter(normal([8, 8], seed: 5), name: "gate")
  let product = Parameter(normal([8, 8], seed: 6), name: "product")
  let shift = Parameter(normal([8], seed: 7), name: "shift")
  let tokens = Tensor<Int32>([1, 5, 10, 5, 0, 2], shape: [2, 3])
  let labels = Tensor<Int32>([5, 10, 4, 0, 2, -100], shape: [2, 3])

  var parameters: [Parameter] { [table, scale, mix, bias, gate, product, shift] }

  /// How much of the model is recomputed in the backward pass.
  enum Checkpointing: CaseIterable, Sendable { case none, blocks, nested, everything }

  func loss(_ checkpointing: Checkpointing = .none) -> Variable {
    func block(_ body: @escaping () -> Variable) -> Variable {
      checkpointing == .none || checkpointing == .everything ? body() : checkpointed(body)
    }
    func inner(_ body: @escaping () -> Variable) -> Variable {
      checkpointing == .nested ? checkpointed(body) : body()
    }
    let all = {
      let x = embedding(Variable(table), at: tokens)
      let y = block {
        let normed = rmsNorm(x, weight: Variable(scale), epsilon: 1e-3)
        let mixed = inner { linear(normed, Variable(mix), bias: Variable(bias)) }
        let heads = mixed.reshaped(to: [2, 3, 2, 4])
        let attended = causalAttention(queries: heads, keys: heads * 0.5, values: tanh(heads))
        return x + attended.reshaped(to: [2, 3, 8])
      }
      // x skips the previous block.
      let z = block {
        let gated = inner { swiglu(linear(y, Variable(gate)), linear(y, Variable(mix))) }
        return matmul(gated, Variable(product)) + x * Variable(shift)
      }
      return block { linearCrossEntropy(z, Variable(table), labels: labels) }
    }
    return checkpointing == .everything ? checkpointed(all) : all()
  }

  /// Runs a backward pass whose consumer takes gradient descent steps immediately.
  func descend(_ checkpointing: Checkpointing = .none) throws {
    try backward(from: loss(checkpointing)) { event in
      if case .dense(let parameter, let gradient) = event {
        parameter.tensor.scaleAdd(adding: -0.01, times: gradient.float)
      }
    }
  }
}

struct Interruption: Error {}
