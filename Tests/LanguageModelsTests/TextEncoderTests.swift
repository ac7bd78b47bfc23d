import Autodiff
import JSON
import LanguageModels
import Layers
import Optimizers
import TensorFiles
import TestSupport
import Tensors
import Testing

/// A tiny classifier of Hugging Face's, and what its implementation computes in double.
private struct EncoderFixture {
  static let names = [
    "bert_tiny", "roberta_tiny", "distilbert_tiny", "deberta_tiny", "deberta_other",
  ]

  let model: SequenceClassifier
  let expected: Fixture

  init(_ name: String, recomputes: Bool = false) throws {
    let folder = "\(Fixture.folder)/\(name)"
    let configuration = try ClassifierConfiguration(JSONDocument(path: folder + "/config.json"))
    #expect(configuration.labels.count == 3 && !configuration.isRegression)
    var model = SequenceClassifier(configuration, using: .dense())
    model.recomputesBlocks = recomputes
    try model.loadParameters(path: folder + "/model.safetensors").requireComplete()
    self.model = model
    expected = try Fixture("\(name)/expected")
  }

  func integers(_ name: String, of testCase: String, at row: Int? = nil) throws -> Tensor<Int32> {
    let all = try expected.tensor(name, of: testCase, as: Int64.self)
    let values = row.map { all.element(at: $0).contiguous() } ?? all
    return Tensor(values.scalars.map(Int32.init), shape: values.shape)
  }

  func inputs(_ testCase: String, at row: Int? = nil) throws -> TextBatch {
    let mask = try integers("attention_mask", of: testCase, at: row)
    return TextBatch(
      try integers("input_ids", of: testCase, at: row),
      visible: Tensor(mask.scalars.map(UInt8.init), shape: mask.shape),
      segments: try integers("token_type_ids", of: testCase, at: row))
  }

  func loss(_ testCase: String, at row: Int? = nil) throws -> Variable {
    crossEntropy(
      model(try inputs(testCase, at: row)),
      labels: try integers("labels", of: testCase, at: row))
  }
}

@Suite struct TextEncoderTests {
  // Single precision against double: sums of up to 48 products through two blocks.
  static let tolerance = 1e-5

  @Test("The states and logits are Hugging Face's", arguments: EncoderFixture.names)
  func forward(_ name: String) throws {
    let fixture = try EncoderFixture(name)
    let inputs = try fixture.inputs("forward")
    let visible = try #require(inputs.visible)
    let states = fixture.model.body.hiddenStates(inputs).tensor
    let expected: Tensor<Float> = try fixture.expected.tensor("states", of: "forward")
    for row in 0..<inputs.count {
      // Padding's own states are nobody's.
      let length = visible.element(at: row).scalars.count { $0 == 1 }
      let actual = states.element(at: row).sliced(0..<length).copied()
      #expect(
        relativeError(actual, expected.element(at: row).sliced(0..<length).copied())
          <= Self.tolerance)
    }
    let logits = fixture.model(inputs).tensor
    #expect(
      relativeError(logits, try fixture.expected.tensor("logits", of: "forward"))
        <= Self.tolerance)
  }

  @Test("The loss and every gradient are Hugging Face's", arguments: EncoderFixture.names)
  func gradients(_ name: String) throws {
    let fixture = try EncoderFixture(name)
    let (loss, gradients) = valueAndGradients(of: try fixture.loss("forward"))
    let expected: Tensor<Float> = try fixture.expected.tensor("loss", of: "forward")
    #expect(abs(loss - Double(expected.scalars[0])) <= Self.tolerance * loss)
    for (name, parameter) in fixture.model.namedParameters() {
      let actual = try #require(gradients[parameter], "\(name)")
      let expected: Tensor<Float> = try fixture.expected.tensor(name, of: "gradients")
      // A bias of all keys moves no softmax: its gradient is what rounding leaves of 0.
      let isShift = ["key.bias", "k_lin.bias"].contains { name.hasSuffix($0) }
      let bound = isShift ? 1e-6 : Self.tolerance * expected.norm()
      #expect((actual - expected).norm() <= bound, "\(name)")
    }
  }

  static let trainings: [(String, Bool)] = EncoderFixture.names.flatMap { name in
    [false, true].map { (name, $0) }
  }

  @Test("Ten AdamW steps have PyTorch's losses", arguments: trainings)
  func losses(_ name: String, _ recomputes: Bool) throws {
    let fixture = try EncoderFixture(name, recomputes: recomputes)
    let expected = try fixture.expected.tensor("losses", of: "training", as: Double.self).scalars
    let optimizer = AdamW(learningRate: .constant(3e-3), weightDecay: 0.1)
    for (step, expected) in expected.enumerated() {
      let loss = try fixture.loss("training", at: step % 10)
      // PyTorch's own single precision is 2e-7 from its double; the stored losses are rounded once.
      #expect(abs(loss.scalar - expected) <= 1e-5 * expected, "step \(step)")
      try backward(from: loss) { event in
        guard case .dense(let parameter, let gradient) = event else { return }
        optimizer.update(parameter, gradient.float, step: step)
      }
    }
  }

  @Test("Recomputed blocks give the same bits, dropout included", arguments: [true, false])
  func recomputed(isBERT: Bool) throws {
    var configuration = TextEncoderConfiguration(
      vocabularySize: 20, hiddenSize: 8, layers: 2, heads: 2, maxPositions: 6, dropout: 0.3)
    configuration.initializerDeviation = 0.5
    var other = DeBERTaConfiguration(
      vocabularySize: 20, hiddenSize: 8, layers: 2, heads: 2, maxPositions: 6)
    other.dropout = 0.3
    other.initializerDeviation = 0.5
    other.buckets = 4
    let tokens = Tensor<Int32>([1, 2, 3, 4, 5, 6, 7, 8], shape: [2, 4])
    let kind: any TextModelConfiguration = isBERT ? configuration : other
    func run(_ recomputes: Bool, training: Bool = true) -> [Tensor<Float>?] {
      var model = kind.makeTextModel(using: .dense(seed: 1))
      model.recomputesBlocks = recomputes
      let weights = Variable(.range(from: 0, to: 64, by: 1).reshaped(to: [2, 4, 8]))
      func loss() -> Variable { (model.hiddenStates(TextBatch(tokens)) * weights).sum() }
      let (value, gradients) = valueAndGradients(
        of: training ? withTrainingMode(random: RandomSource(seed: 2)) { loss() } : loss())
      return [Tensor(Float(value))] + model.parameters.map { gradients[$0] }
    }
    #expect(run(true) == run(false))
    #expect(run(false) != run(false, training: false))
  }

  @Test(
    "A text has the same logits alone and padded among others", arguments: EncoderFixture.names)
  func padding(_ name: String) throws {
    let model = try EncoderFixture(name).model
    let texts: [(ids: [Int32], segments: [Int32])] = [
      ([5, 9, 60, 4], [0, 0, 0, 0]), ([7], [0]),
      ([3, 8, 6, 5, 4, 30, 31, 32, 33], [0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ]
    let together = model(TextBatch(texts, padding: 1)).tensor
    for (index, text) in texts.enumerated() {
      let alone = model(TextBatch([text])).tensor
      #expect(relativeError(together.sliced(index..<index + 1).copied(), alone) <= 1e-5)
    }
  }

  @Test("The shapes of the tensors are told before they are made", arguments: EncoderFixture.names)
  func shapes(_ name: String) throws {
    let model = try EncoderFixture(name).model
    let made = model.namedParameters().map { "\($0.name) \($0.parameter.shape)" }
    let told = model.configuration.tensorShapes.map { "\($0.name) \($0.shape)" }
    #expect(made.sorted() == told.sorted())
    let layers = model.modules(ofType: (any LinearLayer).self)
      .compactMap { model.configuration.linearName(ofLayer: $0.name) }
    #expect(layers.sorted() == model.configuration.linearShapes.map(\.name).sorted())
  }
}

@Suite struct TextEncoderConfigurationTests {
  @Test("A written configuration reads back equal")
  func roundTrip() throws {
    for family in TextEncoderConfiguration.Family.allCases {
      var configuration = TextEncoderConfiguration(
        family: family, vocabularySize: 99, hiddenSize: 24, intermediateSize: 50, layers: 3,
        heads: 4, maxPositions: 33, segments: family == .distilBERT ? 0 : 1,
        layerNormEpsilon: family == .distilBERT ? 1e-12 : 1e-6, activation: .geluTanh,
        dropout: 0.25, initializerDeviation: 0.5)
      configuration.classifierDropout = 0.125
      let document = JSONDocument(configuration.json, file: "config.json")
      #expect(try TextEncoderConfiguration(document) == configuration)
    }
    var deBERTa = DeBERTaConfiguration(
      vocabularySize: 99, hiddenSize: 24, intermediateSize: 50, layers: 3, heads: 4,
      maxPositions: 33)
    (deBERTa.segments, deBERTa.addsPositions, deBERTa.buckets) = (2, true, 8)
    (deBERTa.farthest, deBERTa.comparesKeys, deBERTa.normalizesPositions) = (20, false, false)
    (deBERTa.layerNormEpsilon, deBERTa.activation, deBERTa.dropout) = (1e-6, .relu, 0.25)
    (deBERTa.poolerActivation, deBERTa.poolerDropout) = (.tanh, 0.5)
    (deBERTa.classifierDropout, deBERTa.initializerDeviation) = (0.125, 0.5)
    #expect(try DeBERTaConfiguration(JSONDocument(deBERTa.json, file: "")) == deBERTa)
    for (labels, isRegression) in [(["no", "yes", "perhaps"], false), (["grade"], true)] {
      let classifier = ClassifierConfiguration(
        deBERTa, labels: labels, isRegression: isRegression, padding: 7)
      #expect(ClassifierConfiguration.describes(JSONDocument(classifier.json, file: "")))
      #expect(try ClassifierConfiguration(JSONDocument(classifier.json, file: "")) == classifier)
    }
  }

  /// A member of a good configuration replaced by a bad value, and what the message must name.
  static let faults: [(String, JSONValue?, String)] = [
    ("vocab_size", nil, "no such field"), ("vocab_size", 0, "a positive size"),
    ("model_type", "llama", "one of 'bert'"), ("hidden_act", "mish", "one of gelu"),
    ("num_attention_heads", 7, "a multiple of the 7 heads"), ("is_decoder", true, "false"),
    ("position_embedding_type", "relative_key", "'absolute'"),
    ("hidden_dropout_prob", 1.0, "a number of"), ("layer_norm_eps", -1.0, "a number of"),
    ("num_hidden_layers", .integer(1 << 40), "a positive size"),
  ]

  @Test("A fault names the field and what was expected", arguments: faults.indices)
  func fault(_ index: Int) throws {
    let (field, value, expected) = Self.faults[index]
    var object = TextEncoderConfiguration().json
    object[field] = value
    let error = #expect(throws: TensorFileError.self) {
      try TextEncoderConfiguration(JSONDocument(object, file: "config.json"))
    }
    let message = try #require(error).description
    #expect(message.contains(expected), "\(message)")
    #expect(message.contains(field) || field == "num_attention_heads", "\(message)")
  }

  @Test("Parameters written to a file read back equal, and a wrong file is described")
  func files() throws {
    let configuration = TextEncoderConfiguration(
      vocabularySize: 20, hiddenSize: 8, layers: 1, heads: 2, maxPositions: 6)
    func classifier(_ labels: [String], seed: UInt64) -> SequenceClassifier {
      SequenceClassifier(
        ClassifierConfiguration(configuration, labels: labels), using: .dense(seed: seed))
    }
    let one = classifier(["a", "b"], seed: 1)
    let two = classifier(["a", "b"], seed: 2)
    let three = classifier(["a", "b", "c"], seed: 2)
    try withTemporaryFolder { folder in
      let path = folder + "/model.safetensors"
      try one.saveParameters(path: path)
      try two.loadParameters(path: path).requireComplete()
      #expect(one.parameterTensors == two.parameterTensors)
      let report = try three.loadParameters(path: path)
      #expect(report.mismatched.map(\.name) == ["classifier.weight", "classifier.bias"])
    }
  }
}
