import Autodiff
import LanguageModels
import Layers
import TensorFiles
import TestSupport
import Tensors
import Testing

/// A tiny Hugging Face Llama, and the values its implementation there computes in double.
struct LlamaFixture {
  static let names = ["llama_grouped_tied", "llama_grouped_untied", "llama_multihead_untied"]

  var model: Llama
  let expected: Fixture

  init(_ name: String) throws {
    let folder = "\(Fixture.folder)/\(name)"
    model = Llama(try LlamaConfiguration(path: folder + "/config.json"), using: .dense())
    let weights = try SafetensorsFile(path: folder + "/model.safetensors")
    let report = try model.loadWeights(named: weights.names) {
      try weights.tensor(named: $0, as: Float.self)
    }
    try #require(report.isComplete, "\(report)")
    expected = try Fixture("\(name)/expected")
  }

  func tokens(_ name: String, of testCase: String = "forward") throws -> Tensor<Int32> {
    let values = try expected.tensor(name, of: testCase, as: Int64.self)
    return Tensor(values.scalars.map(Int32.init), shape: values.shape)
  }

  /// The fixture's labels are the tokens themselves: the token at t + 1 is the label of t.
  func loss() throws -> Variable {
    let (ids, labels) = (try tokens("ids"), try tokens("labels"))
    let last = ids.shape[1]
    return model.loss(
      tokens: ids.sliced(0..<last - 1, alongAxis: 1).contiguous(),
      labels: labels.sliced(1..<last, alongAxis: 1).contiguous())
  }
}

@Suite struct LlamaTests {
  // Single precision against double: sums of up to 172 products through two blocks; transformers' own
  // single precision is as far off.
  static let tolerance = 1e-5

  @Test("The logits are Hugging Face's", arguments: LlamaFixture.names)
  func logits(_ name: String) throws {
    let fixture = try LlamaFixture(name)
    let expected: Tensor<Float> = try fixture.expected.tensor("logits", of: "forward")
    let logits = fixture.model.logits(try fixture.tokens("ids")).tensor
    #expect(relativeError(logits, expected) <= Self.tolerance)
  }

  @Test("The loss and every gradient are Hugging Face's", arguments: LlamaFixture.names)
  func gradients(_ name: String) throws {
    let fixture = try LlamaFixture(name)
    let (loss, gradients) = valueAndGradients(of: try fixture.loss())
    let expected: Tensor<Float> = try fixture.expected.tensor("loss", of: "forward")
    #expect(abs(loss - Double(expected.scalars[0])) <= Self.tolerance * loss)
    let parameters = fixture.model.namedParameters()
    #expect(gradients.count == parameters.count)
    for (name, parameter) in parameters {
      let actual = try #require(gradients[parameter], "\(name)")
      let expected: Tensor<Float> = try fixture.expected.tensor(name, of: "gradients")
      #expect(relativeError(actual, expected) <= Self.tolerance, "\(name)")
    }
  }

  @Test("The likeliest continuation is Hugging Face's", arguments: LlamaFixture.names)
  func greedy(_ name: String) throws {
    let fixture = try LlamaFixture(name)
    let ids = try fixture.tokens("ids", of: "greedy").scalars
    var random = RandomSource(seed: 1)
    let added = fixture.model.generate(
      prompt: Array(ids.prefix(4)), count: ids.count - 4, temperature: 0, random: &random)
    #expect(Array(ids.prefix(4)) + added == ids)
  }

  @Test("Recomputed blocks give the same bits", arguments: LlamaFixture.names)
  func recomputed(_ name: String) throws {
    var fixture = try LlamaFixture(name)
    let (loss, kept) = valueAndGradients(of: try fixture.loss())
    fixture.model.recomputesBlocks = true
    let (again, recomputed) = valueAndGradients(of: try fixture.loss())
    #expect(again == loss)
    for parameter in fixture.model.parameters {
      #expect(recomputed[parameter] == kept[parameter], "\(parameter.name)")
    }
  }

  @Test("The loss is the cross entropy of the logits")
  func lossOfLogits() throws {
    let fixture = try LlamaFixture(LlamaFixture.names[0])
    let (ids, labels) = (try fixture.tokens("ids"), try fixture.tokens("labels"))
    let expected = crossEntropy(fixture.model.logits(ids), labels: labels)
    let loss = fixture.model.loss(tokens: ids, labels: labels)
    // The same sums in a different order.
    #expect(abs(loss.scalar - expected.scalar) <= 1e-6 * expected.scalar)
  }
}
