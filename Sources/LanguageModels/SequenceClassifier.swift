public import Autodiff
public import Layers
public import Tensors

/// Classifies texts by the encoder's vector of their first token.
///
/// Names are those of Hugging Face's `BertForSequenceClassification` and
/// `RobertaForSequenceClassification`.
public struct SequenceClassifier: Module {
  /// The encoder.
  public var encoder: TextEncoder
  /// `[hidden]` to `[hidden]`, before tanh.
  public let pooler: any LinearLayer
  /// `[hidden]` to `[classes]`.
  public let classifier: any LinearLayer

  /// A model with initial values drawn from `linear`'s random numbers. The last layer is always dense and
  /// trained.
  public init(_ configuration: TextEncoderConfiguration, classes: Int, using linear: LayerBuilder) {
    precondition(classes > 0, "SequenceClassifier: \(classes) classes")
    let initializer = Initializer.normal(
      standardDeviation: Float(configuration.initializerDeviation))
    let size = configuration.hiddenSize
    encoder = TextEncoder(configuration, using: linear)
    pooler = linear(size, size, bias: true, initializer: initializer)
    classifier = Linear(
      weight: linear.tensor([classes, size], initializer), bias: .zeros([classes]))
    nameParameters()
  }

  /// The parts under Hugging Face's names.
  public var members: [ModuleMember] {
    switch encoder.configuration.family {
    case .bert:
      [
        ModuleMember("bert", encoder), ModuleMember("bert.pooler.dense", pooler),
        ModuleMember("classifier", classifier),
      ]
    case .roberta:
      [
        ModuleMember("roberta", encoder), ModuleMember("classifier.dense", pooler),
        ModuleMember("classifier.out_proj", classifier),
      ]
    }
  }

  /// The logits `[batch, classes]` of texts `[batch, tokens]`; see `TextEncoder` for the arguments.
  public func callAsFunction(
    _ tokens: Tensor<Int32>, visible: Tensor<UInt8>? = nil, segments: Tensor<Int32>? = nil
  ) -> Variable {
    let states = encoder(tokens, visible: visible, segments: segments)
    let first = states.sliced(0..<1, alongAxis: 1).reshaped(to: [tokens.shape[0], -1])
    let dropout = Dropout(encoder.configuration.dropout)
    // RoBERTa applies dropout before the pooling layer too.
    let isBERT = encoder.configuration.family == .bert
    return classifier(dropout(tanh(pooler(isBERT ? first : dropout(first)))))
  }
}
