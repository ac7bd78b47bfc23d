public import Stepping

/// The record of a run, from which the summary file and the report are made.
public struct RunRecord: Codable, Sendable {
  /// One training step.
  public struct Step: Codable, Sendable {
    /// The step, from 0.
    public var step: Int
    /// The loss before the step's update, nats per token.
    public var loss: Double
    /// The learning rate.
    public var learningRate: Double
    /// Wall seconds since the start of training, at the end of the step.
    public var elapsed: Double

    package init(step: Int, loss: Double, learningRate: Double, elapsed: Double) {
      self.step = step
      self.loss = loss
      self.learningRate = learningRate
      self.elapsed = elapsed
    }
  }
  /// One evaluation on the validation text.
  public struct Evaluation: Codable, Sendable {
    /// Steps taken before it.
    public var step: Int
    /// Mean negative log-likelihood a token, in nats.
    public var loss: Double

    package init(step: Int, loss: Double) {
      self.step = step
      self.loss = loss
    }
  }
  /// A continuation the model wrote.
  public struct Sample: Codable, Sendable {
    /// The text it was given.
    public var prompt: String
    /// The text it added.
    public var continuation: String
  }
  /// A row of the table of settings.
  public struct Setting: Codable, Sendable {
    /// The setting's name.
    public var name: String
    /// Its value, as shown to users.
    public var value: String
  }

  /// The name of a `TrainingMethod`.
  public var method: String
  /// Settings worth showing, in order.
  public var settings: [Setting] = []
  /// Seed of the run.
  public var seed: UInt64
  /// Tokens per step.
  public var tokensPerStep: Int
  /// Parameters of the model as if it were dense.
  public var parameterCount: Int
  /// Every step.
  public var steps: [Step] = []
  /// Every evaluation.
  public var evaluations: [Evaluation] = []
  /// Every merge.
  public var merges: [MergeReport] = []
  /// Sample continuations at the end.
  public var samples: [Sample] = []
  /// What the examples were; nil for a text.
  public var data: DataStatistics?
  /// Steps with a loss or gradients that were not finite, which were left out; nil in early records.
  public var skippedSteps: Int? = 0
  /// What a person should know: a clamped rank, a kept projection.
  public var notices: [String] = []
  /// Validation loss at the end, nats per token.
  public var validationLoss: Double = .nan
  /// Validation loss at the end, bits per byte of text.
  public var bitsPerByte: Double = .nan
  /// Loss at the end of a text that was known before and not learnt, nats per token; nil where none is
  /// measured.
  package var knownLoss: Double?
  /// The share of right answers on a classification set; nil for a language model.
  public var accuracy: Double?
  /// How a classifier answers at the end; nil for a language model.
  public var classification: ClassificationScores?
  /// Training tokens a second of training time, evaluation not counted.
  public var tokensPerSecond: Double = 0
  /// Wall seconds of the whole run.
  public var wallSeconds: Double = 0
  /// The operating system's peak of resident memory.
  public var peakResidentBytes = 0
  /// This run's bytes by kind at the peak.
  public var memory = MemoryBreakdown()
  /// The peak of each kind of bytes; the peaks need not coincide.
  public var peaks: MemoryBreakdown?
  /// The estimated peak of tensor bytes.
  public var estimatedTensorBytes: Int?
  /// Multiplications and additions of an ordinary step.
  public var operationsPerStep: Double?
  /// What full-rank Adam would hold for the same model at its peak.
  public var fullRankMemory = MemoryBreakdown()

  /// The record of a run that has not started.
  public init(method: String, seed: UInt64, tokensPerStep: Int, parameterCount: Int) {
    self.method = method
    self.seed = seed
    self.tokensPerStep = tokensPerStep
    self.parameterCount = parameterCount
  }
}
