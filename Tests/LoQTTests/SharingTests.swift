import Autodiff
import Layers
import LoQT
import Optimizers
import Quantization
import Stepping
import TestSupport
import Tensors
import Testing

/// LoQT layers that are used twice, and layers in checkpointed blocks.
@Suite struct SharingTests {
  /// A square layer used twice in a row, after a dense one.
  struct Recurrent: Module {
    let first: Linear
    let shared: LoQTLinear

    init(_ configuration: LoQTConfiguration) {
      first = Linear(weight: gaussian([16, 6], seed: 1, deviation: 0.4))
      shared = LoQTLinear(
        weight: gaussian([16, 16], seed: 2, deviation: 0.3), bias: gaussian([16], seed: 3),
        configuration: configuration, random: RandomSource(seed: 4))
    }

    func loss(_ seed: Int, _ layer: (Variable) -> Variable) -> Variable {
      let x = first(Variable(gaussian([24, 6], seed: 100 + UInt64(seed))))
      return meanSquaredError(layer(silu(layer(x))), gaussian([24, 16], seed: 200 + UInt64(seed)))
    }
    func loss(_ seed: Int) -> Variable { loss(seed) { shared($0) } }
  }

  @Test func aLayerUsedTwiceIsMergedOnceAtItsLastUseFromBothGradients() throws {
    let model = Recurrent(
      LoQTConfiguration(
        rank: 4, projectionFormat: .float32, projector: GradientProjector(method: .exact)))
    let adam = WatchedAdam()
    let optimizer = Stepper(adam, training: model, merges: .static(every: 3))
    for step in 0..<7 {
      // The gradient of the layer's effective matrix.
      let dense = Parameter(model.shared.effectiveWeight())
      let bias = Variable(model.shared.bias!)
      let (value, gradients) = valueAndGradients(
        of: model.loss(step) { linear($0, Variable(dense)) + bias })
      var seen: [String: Tensor<Float>] = [:]
      adam.beforeUpdate = { parameter, gradient, _ in seen[parameter.name] = gradient }
      let report = try optimizer.step { model.loss(step) }
      #expect(abs(report.loss / value - 1) < 1e-5)
      // Both uses were differentiated with the old state: replacing it between them would change the
      // first layer's gradient.
      let expected = gradients[model.first.weight]!
      #expect(relativeError(seen["first.weight"]!, expected) < 1e-4, "step \(step)")
      if step % 3 == 0 {
        #expect(report.merge?.layers.count == 1)
        let p = try SVD(of: gradients[dense]!).vt.sliced(0..<4).transposed()
        let q = model.shared.basis!
        // Both span the same space; signs may differ.
        #expect(matmul(p.transposed(), q).sumOfSquares() > 4 - 1e-3)
      } else {
        #expect(report.merge == nil)
      }
    }
  }

  /// A LoQT layer of each side in a block with a residual connection.
  struct Block: Module {
    let up, down: LoQTLinear

    init(_ seed: UInt64) {
      func layer(_ out: Int, _ input: Int, _ seed: UInt64) -> LoQTLinear {
        LoQTLinear(
          weight: gaussian([out, input], seed: seed, deviation: 0.3),
          configuration: LoQTConfiguration(rank: 4), random: RandomSource(seed: seed))
      }
      up = layer(20, 10, seed)
      down = layer(10, 20, seed + 1)
    }

    func callAsFunction(_ x: Variable) -> Variable { x + down(silu(up(x))) }
  }

  enum Arrangement: CaseIterable {
    case plain, everyBlock, nested, twice
  }

  struct Stack: Module {
    let first: Linear
    let blocks: [Block]

    init() {
      first = Linear(weight: gaussian([10, 6], seed: 1, deviation: 0.4))
      blocks = (0..<3).map { Block(10 + 2 * UInt64($0)) }
    }

    func loss(_ seed: Int, _ arrangement: Arrangement) -> Variable {
      var x = first(Variable(gaussian([32, 6], seed: 100 + UInt64(seed))))
      let blocks = self.blocks
      switch arrangement {
      case .plain:
        for block in blocks { x = block(x) }
      case .everyBlock:
        for block in blocks {
          let input = x
          x = checkpointed { block(input) }
        }
      case .nested:
        let input = x
        x = checkpointed {
          var x = input
          for block in blocks {
            let input = x
            x = checkpointed { block(input) }
          }
          return x
        }
      case .twice:
        // Each block twice, so that a layer's last use is in another checkpointed block.
        for block in blocks + blocks {
          let input = x
          x = checkpointed { block(input) }
        }
      }
      return meanSquaredError(x, gaussian([32, 10], seed: 200 + UInt64(seed)))
    }

    func plainTwice(_ seed: Int) -> Variable {
      var x = first(Variable(gaussian([32, 6], seed: 100 + UInt64(seed))))
      for block in blocks + blocks { x = block(x) }
      return meanSquaredError(x, gaussian([32, 10], seed: 200 + UInt64(seed)))
    }
  }

  private func train(_ loss: (Stack, Int) -> Variable) throws -> (
    parameters: [[UInt32]], codes: [TensorParts], merged: [[String]]
  ) {
    let model = Stack()
    let optimizer = Stepper(
      AdamW(learningRate: .constant(0.01)), training: model, merges: .static(every: 3))
    var merged: [[String]] = []
    for step in 0..<8 {
      let report = try optimizer.step { loss(model, step) }
      if let merge = report.merge { merged.append(merge.layers.map(\.name)) }
    }
    return (
      model.parameters.map { $0.tensor.scalars.map(\.bitPattern) },
      optimizer.layers.flatMap { [$0.layer.weight.parts, $0.layer.projection!.parts] }, merged
    )
  }

  @Test(arguments: [Arrangement.everyBlock, .nested])
  func checkpointedBlocksGiveTheSameBitsAtMergeStepsToo(_ arrangement: Arrangement) throws {
    let expected = try train { $0.loss($1, .plain) }
    let actual = try train { $0.loss($1, arrangement) }
    #expect(actual.merged.count == 3 && actual.merged[0].count == 6)
    #expect(actual.merged == expected.merged)
    #expect(actual.parameters == expected.parameters)
    #expect(actual.codes == expected.codes)
  }

  @Test func layersSharedByCheckpointedBlocksGiveTheSameBits() throws {
    let expected = try train { model, step in model.plainTwice(step) }
    let actual = try train { $0.loss($1, .twice) }
    #expect(actual.merged == expected.merged && actual.merged[0].count == 6)
    #expect(actual.parameters == expected.parameters)
    #expect(actual.codes == expected.codes)
  }
}
