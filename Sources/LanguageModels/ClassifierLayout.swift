public import Layers

/// How the classifiers of a family of models are made of a model of texts, with Hugging Face's names.
public struct ClassifierLayout: Sendable, Hashable {
  /// The layer between the first token's vector and the last layer.
  public struct Pooler: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// The function behind it.
    public var activation: Activation
    /// The share of its inputs that dropout sets to 0 in training.
    public var dropout: Double

    /// A layer.
    public init(_ name: String, activation: Activation = .tanh, dropout: Double = 0) {
      self.name = name
      self.activation = activation
      self.dropout = dropout
    }
  }

  /// What the field `architectures` of a `config.json` says.
  public var architecture: String
  /// The name of the model that the classifier is made of; empty where its own tensors' names have it.
  public var bodyName: String
  /// The layer behind the first token's vector; nil where the last token's vector goes to the last layer,
  /// which then has no bias.
  public var pooler: Pooler?
  /// The name of the last layer.
  public var classifier: String
  /// The share of the last layer's inputs that dropout sets to 0 in training.
  public var dropout: Double

  /// A layout.
  public init(
    architecture: String, bodyName: String, pooler: Pooler? = nil,
    classifier: String = "classifier",
    dropout: Double = 0
  ) {
    self.architecture = architecture
    self.bodyName = bodyName
    self.pooler = pooler
    self.classifier = classifier
    self.dropout = dropout
  }

  /// A classifier's name of a tensor of the model that it is made of.
  func name(ofBody name: String) -> String { bodyName.isEmpty ? name : bodyName + "." + name }

  /// The other way; nil for a tensor of the classifier's own layers.
  func bodyName(of name: String) -> String? {
    if [pooler?.name, classifier].contains(where: { $0.map { name.hasPrefix($0 + ".") } ?? false })
    {
      return nil
    }
    if bodyName.isEmpty { return name }
    return name.hasPrefix(bodyName + ".") ? String(name.dropFirst(bodyName.count + 1)) : nil
  }
}
