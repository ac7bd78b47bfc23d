public import JSON
public import Layers
public import TensorFiles
public import Tensors

/// The sizes and constants of a `SequenceClassifier`: those of the model that it is made of, and what it
/// tells.
public struct ClassifierConfiguration: ModelConfiguration {
  /// The model that gives the tokens their vectors, without a head.
  public var body: any TextModelConfiguration
  /// The names of the classes; one name for a number that is predicted.
  public var labels: [String]
  /// Whether a number is predicted rather than a class.
  public var isRegression: Bool
  /// The token that fills texts up at their ends; nil where none is known.
  public var padding: Int32?

  /// A classifier of a model. Traps without labels, and on several for a number.
  public init(
    _ body: any TextModelConfiguration, labels: [String], isRegression: Bool = false,
    padding: Int32? = nil
  ) {
    precondition(
      !labels.isEmpty && (!isRegression || labels.count == 1),
      "ClassifierConfiguration: \(labels.count) labels, regression: \(isRegression)")
    self.body = body.withoutHead
    self.labels = labels
    self.isRegression = isRegression
    self.padding = padding
  }

  /// Where its own layers are.
  public var layout: ClassifierLayout { body.classification }
  /// That of the body.
  public var modelType: String { body.modelType }
  /// That of the body.
  public var vocabularySize: Int {
    get { body.vocabularySize }
    set { body.vocabularySize = newValue }
  }
  /// That of the body.
  public var hiddenSize: Int { body.hiddenSize }
  /// That of the body.
  public var blockCount: Int {
    get { body.blockCount }
    set { body.blockCount = newValue }
  }
  /// That of the body.
  public var maxPositions: Int {
    get { body.maxPositions }
    set { body.maxPositions = newValue }
  }
  /// There is no head for tokens.
  public var tiesEmbeddings: Bool { true }
  /// There is no head for tokens.
  public var predictsTokens: Bool { false }
  /// Those of the body.
  public var linearShapes: [LinearShape] { body.linearShapes }
  /// Those of the body.
  public var activations: BlockActivations { body.activations }

  /// Those of the body and of the layers behind it.
  public var tensorShapes: [(name: String, shape: Shape)] {
    body.tensorShapes.map { (name: layout.name(ofBody: $0.name), shape: $0.shape) } + headShapes
  }

  /// Those of the layers behind the body, the pooler's first.
  var headShapes: [(name: String, shape: Shape)] {
    let layout = layout
    var shapes: [(name: String, shape: Shape)] = []
    if let pooler = layout.pooler {
      shapes.append((pooler.name + ".weight", [hiddenSize, hiddenSize]))
      shapes.append((pooler.name + ".bias", [hiddenSize]))
    }
    shapes.append((layout.classifier + ".weight", [labels.count, hiddenSize]))
    if layout.pooler != nil { shapes.append((layout.classifier + ".bias", [labels.count])) }
    return shapes
  }

  /// As the body has it.
  public func place(of name: String) -> TensorPlace? {
    guard let own = layout.bodyName(of: name), var place = body.place(of: own) else { return nil }
    place.name = layout.name(ofBody: place.name)
    return place
  }

  /// Whether both tell the same of the same model.
  public static func == (a: Self, b: Self) -> Bool {
    AnyHashable(a.body) == AnyHashable(b.body) && a.labels == b.labels
      && a.isRegression == b.isRegression && a.padding == b.padding
  }

  /// Hashes the body and the labels.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(AnyHashable(body))
    hasher.combine(labels)
  }
}

extension ClassifierConfiguration {
  /// The names of the tensors of its own layers: of all behind the body, or of the last one alone.
  public func ownTensors(lastOnly: Bool = false) -> Set<String> {
    let last = [".weight", ".bias"].map { layout.classifier + $0 }
    return Set(headShapes.map(\.name).filter { !lastOnly || last.contains($0) })
  }

  private static let architectureEnding = "ForSequenceClassification"

  /// Whether a `config.json` describes a classifier.
  public static func describes(_ document: JSONDocument) -> Bool {
    let names = document.object["architectures"]?.arrayValue?.compactMap(\.stringValue) ?? []
    return names.contains { $0.hasSuffix(architectureEnding) }
  }

  /// Reads the configuration of a classifier from a `config.json`.
  ///
  /// - Throws: A `TensorFileError` that names the field, what was found and what was expected.
  public init(_ document: JSONDocument) throws(TensorFileError) {
    let body = try ModelFamily.textModel(document)
    let names = try document.optionalDocument("id2label")?.object ?? JSONObject()
    let count = try document.size("num_labels", or: names.isEmpty ? 2 : names.count)
    guard names.isEmpty || names.count == count, count <= 1 << 20 else {
      throw document.unsupported("num_labels", "\(count)", "\(names.count), as id2label has")
    }
    var labels: [String] = []
    for index in 0..<count {
      guard !names.isEmpty else {
        labels.append("LABEL_\(index)")
        continue
      }
      guard let label = names["\(index)"]?.stringValue else {
        throw document.unsupported(
          "id2label", "no name '\(index)'", "the names of the classes 0 to \(count - 1)")
      }
      labels.append(label)
    }
    let problem = try document.optionalString("problem_type")
    guard problem != "multi_label_classification" else {
      throw document.unsupported(
        "problem_type", "'multi_label_classification'",
        "'single_label_classification' or 'regression'")
    }
    let isRegression = problem.map { $0 == "regression" } ?? (count == 1)
    guard isRegression == (count == 1) else {
      throw document.unsupported(
        "problem_type", "'\(problem ?? "")' with \(count) labels",
        "one label for a regression, several for a classification")
    }
    self.init(
      body, labels: labels, isRegression: isRegression,
      padding: try document.optionalInteger("pad_token_id").flatMap { Int32(exactly: $0) })
  }

  /// The members of a `config.json` that Hugging Face's classifiers of the family read.
  public var json: JSONObject {
    var json = body.json
    json["architectures"] = [.string(layout.architecture)]
    var (names, places) = (JSONObject(), JSONObject())
    for (index, label) in labels.enumerated() {
      names["\(index)"] = .string(label)
      places[label] = .integer(index)
    }
    json["id2label"] = .object(names)
    json["label2id"] = .object(places)
    json["problem_type"] = .string(isRegression ? "regression" : "single_label_classification")
    if let padding { json["pad_token_id"] = .integer(Int(padding)) }
    return json
  }
}
