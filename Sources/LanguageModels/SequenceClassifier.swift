public import Autodiff
public import Layers
import Tensors

/// A model of texts that puts them into classes, or gives each a number: by the vector of the first
/// token where an encoder reads them, by that of the last where a language model does.
///
/// Names are those of Hugging Face's `...ForSequenceClassification`. The layers of the model are made by
/// the layer builder; those behind it are dense and trained, whatever the builder makes.
public struct SequenceClassifier: Module {
  /// The sizes and constants.
  public let configuration: ClassifierConfiguration
  /// What gives the tokens their vectors.
  public var body: any TextModel
  /// `[hidden]` to `[hidden]`, before a function; nil where the last token's vector is taken as it is.
  public let pooler: Linear?
  /// `[hidden]` to `[classes]`.
  public let classifier: Linear

  /// A model with initial values drawn from `linear`'s random numbers.
  public init(_ configuration: ClassifierConfiguration, using linear: LayerBuilder) {
    self.init(
      configuration, body: configuration.body.makeTextModel(using: linear), using: linear)
  }

  /// A model of a body that is made already, with other layers drawn from `linear`'s random numbers.
  init(_ configuration: ClassifierConfiguration, body: any TextModel, using linear: LayerBuilder) {
    self.configuration = configuration
    self.body = body
    let (size, count) = (configuration.hiddenSize, configuration.labels.count)
    let initializer = Initializer.normal(standardDeviation: 0.02)
    pooler = configuration.layout.pooler.map { _ in
      Linear(weight: linear.tensor([size, size], initializer), bias: .zeros([size]))
    }
    classifier = Linear(
      weight: linear.tensor([count, size], initializer),
      bias: pooler == nil ? nil : .zeros([count]))
    nameParameters()
  }

  /// Whether training keeps only each block's input and computes the block again on the way back.
  public var recomputesBlocks: Bool {
    get { body.recomputesBlocks }
    set { body.recomputesBlocks = newValue }
  }

  /// As Hugging Face names them.
  public var members: [ModuleMember] {
    let layout = configuration.layout
    var members =
      layout.bodyName.isEmpty ? body.members : [ModuleMember(layout.bodyName, body)]
    if let pooler, let name = layout.pooler?.name { members.append(ModuleMember(name, pooler)) }
    return members + [ModuleMember(layout.classifier, classifier)]
  }

  /// The logits `[texts, classes]` of some texts, or their numbers `[texts, 1]`. Traps on a token
  /// outside the vocabulary and on more tokens than the model has positions for.
  public func callAsFunction(_ texts: TextBatch) -> Variable {
    let layout = configuration.layout
    let states = body.hiddenStates(texts)
    guard let pooler, let pooling = layout.pooler else {
      let rows = states.reshaped(to: [-1, configuration.hiddenSize])
      return classifier(Autodiff.embedding(rows, at: texts.lastPlaces))
    }
    let first = states.sliced(0..<1, alongAxis: 1).reshaped(to: [texts.count, -1])
    let pooled = pooling.activation(pooler(Dropout(pooling.dropout)(first)))
    return classifier(Dropout(layout.dropout)(pooled))
  }
}
