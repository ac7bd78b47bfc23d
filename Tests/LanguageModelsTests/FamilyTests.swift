import Autodiff
import JSON
import LanguageModels
import Layers
import TensorFiles
import TestSupport
import Tensors
import Testing

/// A tiny Hugging Face model of a family, and the values its implementation there computes in double.
struct FamilyFixture {
  /// The fixtures with a `config_older.json` beside their `config.json`.
  static let names = [
    "qwen2_tiny",
    "qwen2_windowed",
    "llama3_tiny",
    "llama_linear",
    "llama_dynamic",
    "llama_yarn",
    "llama_yarn_all",
    "mistral_tiny",
    "qwen3_tiny",
    "smollm3_tiny",
    "phi3_tiny",
    "gemma2_tiny",
    "gemma3_tiny",
  ]
  /// All fixtures.
  static let all = names + ["gpt2_tiny"]

  let model: any LanguageModel
  let expected: Fixture
  private let name: String

  init(_ name: String) throws {
    self.name = name
    let folder = "\(Fixture.folder)/\(name)"
    let configuration = try ModelFamily.configuration(path: folder + "/config.json")
    // A different seed, so that no random value can be right.
    model = try configuration.makeModel(
      reading: SafetensorsFolder(path: folder), using: .dense(seed: 99))
    expected = try Fixture("\(name)/expected")
  }

  var configuration: any ModelConfiguration { model.configuration }
  var folder: String { "\(Fixture.folder)/\(name)" }

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

  /// The expected gradient of a parameter, under its name in published files.
  func gradient(of name: String) throws -> Tensor<Float> {
    guard let place = configuration.place(of: name) else {
      return try expected.tensor(name, of: "gradients")
    }
    var whole: Tensor<Float> = try expected.tensor(place.name, of: "gradients")
    if place.isTransposed { whole = whole.transposed() }
    return (place.rows.map { whole.sliced($0) } ?? whole).contiguous()
  }
}

@Suite struct FamilyTests {
  // Single precision against double, through two or three blocks.
  static let tolerance = 1e-5

  @Test(arguments: FamilyFixture.all)
  func theLogitsAreHuggingFaces(_ name: String) throws {
    let fixture = try FamilyFixture(name)
    let expected: Tensor<Float> = try fixture.expected.tensor("logits", of: "forward")
    let logits = fixture.model.logits(try fixture.tokens("ids")).tensor
    #expect(relativeError(logits, expected) <= Self.tolerance)
  }

  @Test(arguments: FamilyFixture.all)
  func theLossAndEveryGradientAreHuggingFaces(_ name: String) throws {
    let fixture = try FamilyFixture(name)
    let (loss, gradients) = valueAndGradients(of: try fixture.loss())
    let expected: Tensor<Float> = try fixture.expected.tensor("loss", of: "forward")
    #expect(abs(loss - Double(expected.scalars[0])) <= Self.tolerance * loss)
    let parameters = fixture.model.namedParameters()
    #expect(gradients.count == parameters.count)
    for (name, parameter) in parameters {
      let actual = try #require(gradients[parameter], "\(name)")
      let expected = try fixture.gradient(of: name)
      // Without rotation, a key bias shifts all scores of a query equally, so its gradient is 0 up to
      // the rounding of the matrix's gradient.
      let isZero = expected.norm() < 1e-9
      let scale =
        isZero ? try fixture.gradient(of: name.replacing("bias", with: "weight")) : expected
      let error = Double((actual - expected).norm() / scale.norm())
      #expect(error <= Self.tolerance, "\(name)")
    }
  }

  @Test(arguments: FamilyFixture.all)
  func theLikeliestContinuationIsHuggingFaces(_ name: String) throws {
    let fixture = try FamilyFixture(name)
    let ids = try fixture.tokens("ids", of: "greedy").scalars
    var random = RandomSource(seed: 1)
    let added = fixture.model.generate(
      prompt: Array(ids.prefix(4)), count: ids.count - 4, temperature: 0, random: &random)
    #expect(Array(ids.prefix(4)) + added == ids)
  }

  @Test(arguments: FamilyFixture.all)
  func cachesGiveTheStatesOfTheWholeText(_ name: String) throws {
    let model = try FamilyFixture(name).model
    let ids = try FamilyFixture(name).tokens("ids")
    let count = ids.shape[1]
    let whole = model.hiddenStates(ids).tensor
    // The second text begins three tokens later and so is three shorter.
    let padding = [0, 3]
    let later = ids.element(at: 1).scalars.prefix(count - 3)
    let rows = [ids.element(at: 0).scalars, Array(repeating: 0, count: 3) + later]
    var caches = model.makeCaches(capacity: count, padding: padding)
    try #require(!caches.isEmpty)
    for range in [0..<5, 5..<6, 6..<count - 1, count - 1..<count] {
      let tokens = Tensor(rows.flatMap { $0[range] }, shape: [2, range.count])
      let states = model.hiddenStates(tokens, caches: &caches).tensor
      for (row, padding) in padding.enumerated() {
        for place in range where place >= padding {
          let actual = states.element(at: row).element(at: place - range.lowerBound)
          let expected = whole.element(at: row).element(at: place - padding)
          // The same numbers in products of other sizes.
          #expect(relativeError(actual, expected) <= 3e-6, "text \(row), place \(place)")
        }
      }
    }
  }

  @Test(arguments: FamilyFixture.all)
  func theAnnouncedShapesAreThoseOfTheModel(_ name: String) throws {
    let model = try FamilyFixture(name).model
    let announced = model.configuration.tensorShapes
    #expect(announced.map(\.name) == model.namedParameters().map(\.name))
    #expect(announced.map(\.shape) == model.parameters.map(\.shape))
    let linear = model.modules(ofType: (any LinearLayer).self).filter { $0.name != "lm_head" }
    let shapes = model.configuration.linearShapes
    #expect(shapes.map(\.name) == linear.map { String($0.name.split(separator: ".").last!) })
    #expect(shapes.map(\.out) == linear.map(\.module.outputSize))
    #expect(shapes.map(\.in) == linear.map(\.module.inputSize))
    #expect(model.configuration.parameterCount == model.parameterCount)
    let rest = model.configuration.restShapes.reduce(0) { $0 + $1.elementCount }
    #expect(rest + model.configuration.linearParameterCount == model.parameterCount)
  }

  // Memory is counted per process, so this runs in a separate one.
  @Test func aBlockKeepsWhatItAnnounces() async {
    await #expect(processExitsWith: .success) {
      for name in FamilyFixture.all { try FamilyTests.expectKept(name) }
    }
  }

  private static func expectKept(_ name: String) throws {
    let model = try FamilyFixture(name).model
    let ids = Tensor(Array(repeating: Int32(5), count: 8 * 24), shape: [8, 24])
    func live(_ body: () -> Variable) -> Int {
      let before = TensorMemory.liveBytes
      let result = body()
      return withExtendedLifetime(result) { TensorMemory.liveBytes - before }
    }
    _ = model.hiddenStates(ids)
    let kept = live { model.hiddenStates(ids) }
    let blocks = model.configuration.blockCount * 4 * ids.elementCount
    let hidden = 4 * ids.elementCount * model.configuration.hiddenSize
    // Besides the blocks, the last norm keeps its input and output.
    let announced = blocks * model.configuration.activations.kept + 2 * hidden
    #expect(
      abs(Double(kept) / Double(announced) - 1) <= 0.06, "\(name): \(kept) bytes of \(announced)")
  }

  @Test(arguments: FamilyFixture.all)
  func aWrittenConfigurationReadsBackEqual(_ name: String) throws {
    let configuration = try FamilyFixture(name).configuration
    let document = JSONDocument(configuration.json, file: "config.json")
    #expect(try AnyHashable(ModelFamily.configuration(document)) == AnyHashable(configuration))
  }

  @Test(arguments: FamilyFixture.names)
  func bothGenerationsOfFilesAreRead(_ name: String) throws {
    let fixture = try FamilyFixture(name)
    let older = try ModelFamily.configuration(path: fixture.folder + "/config_older.json")
    #expect(AnyHashable(older) == AnyHashable(fixture.configuration))
  }
}
