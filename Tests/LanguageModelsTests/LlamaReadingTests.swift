import Autodiff
import LanguageModels
import Layers
import TensorFiles
import TestSupport
import Tensors
import Testing

/// Models built from a folder's tensors one by one.
@Suite struct LlamaReadingTests {
  private func folder(_ name: String) -> String { "\(Fixture.folder)/\(name)" }

  @Test(arguments: LlamaFixture.names)
  func readingAFolderGivesTheModelThatLoadingItGives(_ name: String) throws {
    let loaded = try LlamaFixture(name).model
    // A different seed, so that no random value can be right.
    let read = try Llama(
      LlamaConfiguration(path: folder(name) + "/config.json"),
      reading: SafetensorsFolder(path: folder(name)), using: .dense(seed: 99))
    #expect(read.parameterTensors == loaded.parameterTensors)
    for (parameter, other) in zip(read.namedParameters(), loaded.namedParameters()) {
      #expect(parameter.name == other.name)
    }
  }

  @Test(arguments: LlamaFixture.names)
  func theAnnouncedShapesAreThoseOfTheModel(_ name: String) throws {
    let model = try LlamaFixture(name).model
    let announced = model.configuration.tensorShapes
    #expect(announced.map(\.name) == model.namedParameters().map(\.name))
    #expect(announced.map(\.shape) == model.parameters.map(\.shape))
  }

  @Test func whatDoesNotFitIsNamedBeforeAnythingIsMade() throws {
    let name = "llama_grouped_untied"
    let configuration = try LlamaConfiguration(path: folder(name) + "/config.json")
    let file = try SafetensorsFile(path: folder(name) + "/model.safetensors")
    var tensors: [String: Tensor<Float>] = [:]
    for name in file.names { tensors[name] = try file.tensor(named: name) }
    let matrix = "model.layers.1.mlp.up_proj.weight"
    let cases: [(TensorFileError.Code, String, (inout [String: Tensor<Float>]) -> Void)] = [
      (.missing, matrix, { $0[matrix] = nil }),
      (.typeMismatch, matrix, { $0[matrix] = $0[matrix]!.transposed().contiguous() }),
      (.missing, "lm_head.weight", { $0["lm_head.weight"] = nil }),
      (
        .unsupported, "self_attn.q_proj.bias",
        { $0["model.layers.0.self_attn.q_proj.bias"] = .zeros([4]) }
      ),
    ]
    for (code, field, change) in cases {
      try withTemporaryFolder { folder in
        var changed = tensors
        change(&changed)
        try SafetensorsFile.write(changed, to: folder + "/model.safetensors")
        let builder = LayerBuilder.dense()
        let error = #expect(throws: TensorFileError.self) {
          try Llama(configuration, reading: SafetensorsFolder(path: folder), using: builder)
        }
        #expect(error?.code == code && error?.field?.contains(field) == true, "\(error!)")
        #expect(builder.source == nil, "No layer has been built yet.")
      }
    }
    // Old files also contain rotary angles, and a head for tied models.
    try withTemporaryFolder { folder in
      var changed = tensors
      changed["model.layers.0.self_attn.rotary_emb.inv_freq"] = .ones([4])
      try SafetensorsFile.write(changed, to: folder + "/model.safetensors")
      _ = try Llama(configuration, reading: SafetensorsFolder(path: folder), using: .dense())
    }
  }

  @Test func aTensorThatCannotBeReadIsTheBuildersFailure() throws {
    let configuration = LlamaConfiguration(
      vocabularySize: 8, hiddenSize: 4, intermediateSize: 6, layers: 2, heads: 2)
    let builder = LayerBuilder.dense()
    builder.source = { name, shape in
      guard name != "model.layers.1.mlp.up_proj.weight" else {
        throw TensorFileError(.truncated, file: "model.safetensors", field: name, found: "the end")
      }
      return .ones(shape)
    }
    let model = Llama(configuration, using: builder)
    #expect((builder.failure as? TensorFileError)?.field == "model.layers.1.mlp.up_proj.weight")
    let up = model.blocks[1].feedForward.up.effectiveWeight().scalars
    #expect(up.count == 24 && up.allSatisfy { $0.isNaN })
    #expect(model.blocks[1].feedForward.down.effectiveWeight() == .ones([4, 6]))
  }
}
